import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ask } from './test-client.ts';
import { openTestWorld, TestBrowser, type TestWorld } from './test-world.ts';

const callback = 'http://localhost:51234/callback';

describe('requests that are not in order', () => {
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

  describe('IDP-39: refused before anybody is asked anything', () => {
    const table: [name: string, client: string, redirect: string, shown: RegExp, reason: string][] = [
      [
        'a path that is not registered',
        'claude-code',
        'http://localhost:51234/other',
        /not registered/,
        'sign_in_request_refused',
      ],
      ['a foreign host', 'claude-code', 'https://evil.example/callback', /not registered/, 'sign_in_request_refused'],
      ['an unknown client', 'nobody', callback, /We do not know the program/, 'client_unknown'],
    ];
    for (const [name, client, redirect, shown, reason] of table) {
      test(`${name}: a page here, never a redirect`, async () => {
        const visit = await newBrowser().get(ask(world, client, redirect).url);
        assert.equal(visit.status, 400);
        assert.equal(visit.url.origin, world.issuer);
        assert.match(visit.page, shown);
        assert.match(visit.page, /Reference <code>d_1<\/code>/);
        assert.equal(world.notes[0]?.reason, reason);
      });
    }

    const told: [name: string, more: Record<string, string>, error: string][] = [
      ['no PKCE', { code_challenge: '', code_challenge_method: '' }, 'invalid_request'],
      ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
      ['the implicit flow', { response_type: 'id_token', nonce: 'n' }, 'unsupported_response_type'],
      ['the answer as a form', { response_mode: 'form_post' }, 'invalid_request'],
    ];
    for (const [name, more, error] of told) {
      test(`${name}: ${error}`, async () => {
        const { url } = ask(world, 'claude-code', callback, more);
        const visit = await newBrowser().get(url);
        if (name === 'the answer as a form') {
          assert.match(visit.page, new RegExp(`name="error" value="${error}"`));
          assert.doesNotMatch(visit.page, /<script/);
        } else {
          const answer = new URLSearchParams(visit.url.search || visit.url.hash.slice(1));
          assert.doesNotMatch(visit.page, /<h1>/, 'no page of ours goes with it');
          assert.equal(answer.get('error'), error);
        }
      });
    }
  });

  describe('what is not a form of a sane size is refused at the door', () => {
    const table: [path: string, type: string, body: string, status: number, reason: string][] = [
      ['/request', 'application/json', '{}', 415, 'wrong_content_type'],
      ['/request', 'application/x-www-form-urlencoded', 'a='.padEnd(70_000, 'x'), 413, 'body_too_large'],
      ['/request', 'application/x-www-form-urlencoded', 'client_id=a&client_id=b', 400, 'repeated_parameter'],
      ['/token', 'application/x-www-form-urlencoded', 'grant_type=%', 400, 'malformed_form'],
      ['/token', 'application/x-www-form-urlencoded', 'client_id=claude-code', 400, 'token_request_refused'],
      ['/token', 'application/x-www-form-urlencoded', 'grant_type=x&client_id=claude-code', 400, 'unknown_grant_type'],
      ['/token', 'application/x-www-form-urlencoded', 'grant_type=x&client_id=nobody', 401, 'client_unknown'],
    ];
    for (const [path, type, body, status, reason] of table) {
      test(`${body.slice(0, 40)} to ${path}: ${status}, ${reason}`, async () => {
        const response = await fetch(`${world.issuer}${path}`, {
          method: 'POST',
          headers: { 'content-type': type },
          body,
        });
        assert.deepEqual([response.status, world.notes.at(-1)?.reason], [status, reason]);
      });
    }
  });

  describe('T27: known is who has shown a credential here, not who is named', () => {
    const post = (path: string, fields: Record<string, string>) =>
      fetch(`${world.issuer}${path}`, { method: 'POST', body: new URLSearchParams(fields) });
    const elsewhere = 'https://evil.example/callback';
    const table: [name: string, send: (secret: string) => Promise<unknown>, known: boolean][] = [
      [
        'a browser that is sent in the name of a client',
        () => newBrowser().get(ask(world, 'portal', elsewhere).url),
        false,
      ],
      [
        'a client with its secret and a code that is none',
        (client_secret) =>
          post('/token', { client_id: 'portal', client_secret, grant_type: 'authorization_code', code: 'x' }),
        true,
      ],
      [
        'a client with a wrong secret',
        () => post('/token', { client_id: 'portal', client_secret: 'x', grant_type: 'authorization_code', code: 'x' }),
        false,
      ],
      [
        'a client without one',
        () => post('/token', { client_id: 'claude-code', grant_type: 'authorization_code', code: 'x' }),
        false,
      ],
      [
        'a client that pushes what it asks for',
        (client_secret) => post('/request', { client_id: 'portal', client_secret, redirect_uri: elsewhere }),
        true,
      ],
    ];
    for (const [name, send, known] of table) {
      test(`${name}: ${known ? 'known' : 'a stranger'}`, async () => {
        await send(world.secret);
        assert.deepEqual(
          world.notes.map((note) => [note.outcome, note.kind, note.known]),
          [['refused', 'refusal', known]],
        );
      });
    }
  });
});
