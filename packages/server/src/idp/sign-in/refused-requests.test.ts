import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { clientAssertionType } from '@credence/mcp/protocol';
import type { SignInNote } from './options.ts';
import { ask } from './test-client.ts';
import { alice, openTestWorld, password, TestBrowser, type TestWorld } from './test-world.ts';

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

    test('an address that is taken away while somebody signs in gets nothing, by none of the ways on', async () => {
      const before = world.clients.get('portal');
      assert.ok(before);
      const taken = { ...before, redirectUris: ['https://portal.example/new'] };
      const browser = newBrowser();
      const pages = await Promise.all(
        [1, 2].map(() => browser.get(ask(world, 'portal', 'https://portal.example/cb').url)),
      );
      const [open, sent] = pages;
      assert.ok(open && sent);
      const next = await browser.submitOnly(sent, { email: alice.email, password, do: 'sign-in' });
      world.clients.set('portal', taken);
      const late = await browser.get(next);
      assert.deepEqual([late.status, late.url.origin], [400, world.issuer]);
      assert.match(late.page, /This sign-in is no longer good/);
      assert.equal(world.notes.at(-1)?.reason, 'sign_in_request_refused');
      const cancelled = await browser.submit(open, { do: 'cancel' });
      assert.deepEqual([cancelled.status, cancelled.url.origin], [400, world.issuer]);
      world.clients.set('portal', before);
    });

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
    const unsigned = (...parts: object[]) =>
      [...parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')), 'AAAA'].join('.');
    const code = { grant_type: 'authorization_code', code: 'x' };
    const portal = { client: 'portal', detail: 'invalid_client', grantType: 'authorization_code' };
    const assertion = {
      client_assertion_type: clientAssertionType,
      client_assertion: unsigned({ alg: 'ES256' }, { iss: 'worker', sub: 'worker' }),
    };
    const table: [name: string, send: (secret: string) => Promise<unknown>, note: Partial<SignInNote>][] = [
      [
        'a browser that is sent in the name of a client',
        () => newBrowser().get(ask(world, 'portal', elsewhere).url),
        {
          known: false,
          reason: 'sign_in_request_refused',
          facts: { client: 'portal', detail: 'invalid_redirect_uri' },
        },
      ],
      [
        'a client with its secret and a code that is none',
        (client_secret) => post('/token', { client_id: 'portal', client_secret, ...code }),
        { known: true, reason: 'code_not_accepted', facts: { ...portal, detail: 'invalid_grant' } },
      ],
      [
        'a client with a wrong secret',
        () => post('/token', { client_id: 'portal', client_secret: 'x', ...code }),
        { known: false, reason: 'client_secret_wrong', facts: portal },
      ],
      [
        'a client with an assertion that is none',
        () => post('/token', { client_id: 'worker', ...assertion, ...code }),
        {
          known: false,
          reason: 'client_assertion_invalid',
          facts: { client: 'worker', grantType: 'authorization_code' },
        },
      ],
      [
        'a client that pushes with one that is none',
        () => post('/request', { client_id: 'worker', ...assertion }),
        { known: false, reason: 'client_assertion_invalid', facts: { client: 'worker' } },
      ],
      [
        'a client without one',
        () =>
          post('/token', { client_id: 'claude-code', redirect_uri: callback, code_verifier: 'v'.repeat(43), ...code }),
        {
          known: false,
          reason: 'code_not_accepted',
          facts: { ...portal, client: 'claude-code', detail: 'invalid_grant' },
        },
      ],
      [
        'a client that pushes what it asks for',
        (client_secret) => post('/request', { client_id: 'portal', client_secret, redirect_uri: elsewhere }),
        { known: true, reason: 'sign_in_request_refused', facts: { client: 'portal', detail: 'invalid_request' } },
      ],
    ];
    for (const [name, send, note] of table) {
      test(`${name}: ${note.known ? 'known' : 'a stranger'}`, async () => {
        await send(world.secret);
        assert.deepEqual(
          world.notes.map(({ address: _, ...said }) => said),
          [{ kind: 'refusal', outcome: 'refused', ...note }],
        );
      });
    }
  });
});
