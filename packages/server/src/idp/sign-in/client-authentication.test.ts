import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ask, assertion, basic, signInAs, token } from './test-client.ts';
import { openTestWorld, TestBrowser, type TestWorld } from './test-world.ts';

const callback = 'http://localhost:51234/callback';

describe('who the client is', () => {
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld();
  });
  beforeEach(() => {
    world.notes.length = 0;
    world.failNotes = undefined;
  });
  after(() => world.close());

  const newBrowser = () => new TestBrowser(world.issuer);

  describe('IDP-04: a client assertion is for this issuer alone', () => {
    const table: [name: string, claims: () => Record<string, unknown>, status: number][] = [
      ['the issuer', () => ({}), 200],
      ['the issuer in an array of one', () => ({ aud: [world.issuer] }), 200],
      ['the token endpoint', () => ({ aud: `${world.issuer}/token` }), 401],
      ['the issuer beside another', () => ({ aud: [world.issuer, 'https://other.example'] }), 401],
      ['a day ahead', () => ({ exp: Math.floor(Date.now() / 1000) + 86_400 }), 401],
      ['another client as sub', () => ({ sub: 'portal' }), 401],
    ];
    for (const [name, claims, status] of table) {
      test(`${name}: ${status}`, async () => {
        const asked = ask(world, 'worker', callback);
        const arrived = await signInAs(newBrowser(), asked);
        const proof = { ...(await assertion(world, claims())) };
        const code = arrived.url.searchParams.get('code') ?? '';
        const form = { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: asked.verifier };
        assert.equal((await token(world, { ...form, ...proof })).status, status);
      });
    }
  });

  test('both live secrets of a client are taken, by Basic and in the body, and no other', async () => {
    const table: [form: Record<string, string>, headers: Record<string, string>, status: number][] = [
      [{}, basic('portal', world.secret), 200],
      [{ client_id: 'portal', client_secret: 'an older one' }, {}, 200],
      [{}, basic('portal', 'guess'), 401],
      [{ client_id: 'portal' }, {}, 401],
    ];
    for (const [form, headers, status] of table) {
      const asked = ask(world, 'portal', 'https://portal.example/cb');
      const code = (await signInAs(newBrowser(), asked)).url.searchParams.get('code') ?? '';
      const rest = { grant_type: 'authorization_code', code, redirect_uri: asked.redirectUri };
      const answer = await token(world, { ...rest, code_verifier: asked.verifier, ...form }, headers);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
    }
  });
});
