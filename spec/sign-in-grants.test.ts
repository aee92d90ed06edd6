import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import { ask, redeem, signInAs, token } from '../packages/server/src/idp/sign-in/test-client.ts';
import { openTestWorld, TestBrowser, type TestWorld } from '../packages/server/src/idp/sign-in/test-world.ts';

const callback = 'http://localhost:51234/callback';

describe('IDP-39: "codes single use", PKCE enforced at the token endpoint', () => {
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld();
  });
  after(() => world.close());

  async function newCode() {
    const asked = ask(world, 'claude-code', callback);
    const visit = await signInAs(new TestBrowser(world.issuer), asked);
    return { asked, code: String(visit.url.searchParams.get('code')) };
  }
  const expectRefusal = ({ status, body }: Awaited<ReturnType<typeof redeem>>, reason: Refusal) => {
    assert.deepEqual([status, body.error, world.notes.at(-1)?.reason], [400, 'invalid_grant', reason]);
    assert.ok(!('access_token' in body));
  };

  test('a code that nobody issued: code_not_accepted', async () => {
    expectRefusal(await redeem(world, ask(world, 'claude-code', callback), 'made-up'), 'code_not_accepted');
  });

  test('a code a second time: code_not_accepted', async () => {
    const { asked, code } = await newCode();
    assert.equal((await redeem(world, asked, code)).status, 200);
    expectRefusal(await redeem(world, asked, code), 'code_not_accepted');
  });

  for (const [name, more] of [
    ['another code_verifier', { code_verifier: 'v'.repeat(43) }],
    ['another redirect_uri', { redirect_uri: 'http://localhost:51235/callback' }],
  ] as const) {
    test(`${name}: code_not_accepted`, async () => {
      const { asked, code } = await newCode();
      expectRefusal(await redeem(world, asked, code, more), 'code_not_accepted');
    });
  }

  test('a refresh token that nobody issued: refresh_token_not_accepted', async () => {
    const fields = { grant_type: 'refresh_token', refresh_token: 'made-up', client_id: 'claude-code' };
    expectRefusal(await token(world, fields), 'refresh_token_not_accepted');
  });
});
