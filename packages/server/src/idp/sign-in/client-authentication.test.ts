import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { hashSecret } from '../../clients/authenticate.ts';
import type { ClientCertificate } from '../../clients/client-certificate.ts';
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

  describe('IDP-04, T21: a client assertion from before the epoch may have been used', () => {
    const now = Math.floor(Date.now() / 1000);
    const table: [name: string, since: number, claims: Record<string, unknown>, status: number][] = [
      ['made before', now - 10, { iat: now - 40 }, 401],
      ['made then, by a clock that is ahead', now - 40, { iat: now - 10 }, 401],
      ['made after', now - 40, { iat: now - 9 }, 200],
      ['that does not say when', now - 40, { iat: undefined }, 401],
      ['that does not say when, an hour after', now - 3700, { iat: undefined }, 200],
    ];
    for (const [name, since, claims, status] of table) {
      test(`${name}: ${status}`, async () => {
        world.since = since;
        try {
          const asked = ask(world, 'worker', callback);
          const code = (await signInAs(newBrowser(), asked)).url.searchParams.get('code') ?? '';
          const form = { grant_type: 'authorization_code', code, redirect_uri: callback };
          const proof = await assertion(world, claims);
          const answer = await token(world, { ...form, code_verifier: asked.verifier, ...proof });
          assert.equal(answer.status, status, JSON.stringify(answer.body));
        } finally {
          world.since = 0;
        }
      });
    }
  });

  test('IDP-04: it is good for as long as at the token exchange, by the skew that is configured, and for one use', async () => {
    for (const [skewSeconds, exp, statuses] of [
      [60, -45, [400, 401]],
      [0, -5, [401, 401]],
    ] as const) {
      const others = await openTestWorld(undefined, undefined, undefined, () => ({ skewSeconds }));
      try {
        const shown = await assertion(others, { exp: Math.floor(Date.now() / 1000) + exp });
        const post = async () => token(others, { grant_type: 'refresh_token', refresh_token: 'x', ...shown });
        assert.deepEqual([(await post()).status, (await post()).status], statuses, String(skewSeconds));
      } finally {
        await others.close();
      }
    }
  });

  describe('IDP-04, legacy_audience: the token endpoint too, and nothing beside it; the record says so', () => {
    const table: [name: string, aud: () => unknown, status: number, loosened?: string[]][] = [
      ['the issuer', () => world.issuer, 200],
      ['the token endpoint', () => `${world.issuer}/token`, 200, ['legacy_audience']],
      ['B07 both', () => [world.issuer, `${world.issuer}/token`], 401],
      ['another endpoint', () => `${world.issuer}/request`, 401],
    ];
    for (const [name, aud, status, loosened] of table) {
      test(`${name}: ${status}`, async () => {
        const worker = world.clients.get('worker');
        assert.ok(worker);
        world.clients.set('worker', { ...worker, legacyAudience: true });
        try {
          const asked = ask(world, 'worker', callback);
          const code = (await signInAs(newBrowser(), asked)).url.searchParams.get('code') ?? '';
          const proof = await assertion(world, { aud: aud() });
          const form = { grant_type: 'authorization_code', code, redirect_uri: callback };
          world.notes.length = 0;
          const answer = await token(world, { ...form, code_verifier: asked.verifier, ...proof });
          assert.equal(answer.status, status, JSON.stringify(answer.body));
          assert.deepEqual(world.notes[0]?.facts.clientLoosened, loosened);
        } finally {
          world.clients.set('worker', worker);
        }
      });
    }
  });

  describe('T38, IDP-38: an endpoint has one spelling, or failures there would not be counted', () => {
    for (const path of ['/TOKEN', '/token/', '/Request', '/request/', '/session/END', '/AUTH', '/Userinfo', '/jwks/']) {
      test(`${path}: 404`, async () => {
        const headers = basic('portal', 'guess');
        for (const method of ['GET', 'POST']) {
          const body = method === 'POST' ? new URLSearchParams({ grant_type: 'refresh_token' }) : null;
          assert.equal((await fetch(world.issuer + path, { method, headers, body })).status, 404);
        }
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

  test('a client with keys is not let in by a secret, whosever it is', async () => {
    const others = await openTestWorld(undefined, undefined, undefined, () => ({
      secretHashes: () => [hashSecret('a secret')],
    }));
    const post = (client_id: string) =>
      token(others, { grant_type: 'refresh_token', refresh_token: 'x', client_id, client_secret: 'a secret' });
    try {
      assert.deepEqual([(await post('worker')).status, (await post('portal')).status], [401, 400]);
    } finally {
      await others.close();
    }
  });

  describe('RFC 8705 §2: a client registered for a certificate', () => {
    const shown: ClientCertificate = {
      thumbprint: 'c'.repeat(43),
      isVouchedFor: true,
      validFrom: 0,
      validUntil: 4_000_000_000,
      names: () => ({ subject_dn: [], san_dns: ['kiosk.acme.example'], san_uri: [], san_ip: [], san_email: [] }),
    };
    const table: [
      name: string,
      certificate: ClientCertificate | undefined,
      more: Record<string, string>,
      status: number,
      reason: string | undefined,
    ][] = [
      ['its certificate', shown, {}, 200, undefined],
      ['none', undefined, {}, 401, 'client_certificate_missing'],
      ['one of nobody known', { ...shown, isVouchedFor: false }, {}, 401, 'client_certificate_untrusted'],
      [
        'another one',
        { ...shown, names: () => ({ ...shown.names(), san_dns: [] }) },
        {},
        401,
        'client_certificate_other',
      ],
      ['its certificate and a secret', shown, { client_secret: 'x' }, 401, 'client_method_not_allowed'],
    ];
    for (const [name, certificate, more, status, reason] of table) {
      test(`${name}: ${reason ?? 'accepted'}`, async () => {
        const [base] = [...world.clients.values()];
        assert.ok(base);
        const tls = { kind: 'san_dns', value: 'kiosk.acme.example', bound: false } as const;
        world.clients.set('kiosk', { ...base, id: 'kiosk', name: 'Kiosk', public: false, tls });
        const asked = ask(world, 'kiosk', callback);
        const page = await newBrowser().get(asked.url);
        assert.match(page.page, /Kiosk/);
        const code = (await signInAs(newBrowser(), asked)).url.searchParams.get('code') ?? '';
        world.certificate = certificate;
        const form = { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: asked.verifier };
        world.notes.length = 0;
        const answer = await token(world, { ...form, client_id: 'kiosk', ...more });
        assert.equal(answer.status, status, JSON.stringify(answer.body));
        assert.equal(world.notes[0]?.reason, reason);
      });
    }
  });
});
