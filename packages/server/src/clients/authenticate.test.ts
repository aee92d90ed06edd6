import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clientAssertionType, mintJws, no, ok } from '@credence/mcp/protocol';
import type { Facts } from '../audit/record.ts';
import type { Call } from '../call.ts';
import { parseForm } from '../form.ts';
import { generatePrivateJwk, toPublicJwk, toSigner } from '../keys/signer.ts';
import type { Workload } from '../policy/model.ts';
import type { Mark } from '../store/store.ts';
import {
  authenticateClient,
  type ClientRegistry,
  hashSecret,
  type RegisteredClient,
  readCredentials,
  toStanding,
} from './authenticate.ts';

const issuer = 'https://id.acme.example';
const now = 1_800_000_000;
const jwk = generatePrivateJwk('ES256');
const signer = toSigner(jwk);
const workload: Workload = {
  issuer: 'https://ci.example',
  subject: 'repo:acme/agent',
  audience: undefined,
  keys: 'discovery',
  algorithms: ['ES256'],
  reuse: false,
};
const clients = new Map<string, RegisteredClient>([
  ['with secret', { id: 'with secret', jwks: undefined }],
  ['with-key', { id: 'with-key', jwks: [toPublicJwk(jwk)] }],
  ['older', { id: 'older', jwks: [toPublicJwk(jwk)], legacyAudience: true }],
  ['public', { id: 'public', jwks: undefined, public: true }],
  ['runner', { id: 'runner', jwks: [toPublicJwk(jwk)], workload }],
]);
const registry: ClientRegistry<RegisteredClient> = {
  issuer,
  find: (id) => clients.get(id),
  complete: (client) => ok(client),
  secretHashes: (id) => (id === 'with secret' ? [hashSecret('old'), hashSecret('s%:+ecret')] : []),
  since: () => 0,
  skewSeconds: 30,
  assertionMark: (clientId, jti, until) => ({ kind: 'client_assertion', id: `${clientId} ${jti}`, until }),
};

function ask(body: Record<string, string>, authorization?: string, more: Partial<typeof registry> = {}) {
  const marks: Mark[] = [];
  const noted: Facts = {};
  const form = parseForm(new URLSearchParams(body).toString());
  assert.ok(form.ok);
  const call: Call = {
    id: 'd_1',
    now,
    form: form.value,
    authorization,
    credentials: readCredentials({ authorization, form: form.value }),
    dpop: undefined,
    address: '192.0.2.1',
    answerWith: () => undefined,
    authenticated: () => undefined,
    note: (facts) => Object.assign(noted, facts),
    recordAs: () => undefined,
    mark: (mark) => marks.push(mark),
    hold: () => undefined,
    afterwards: () => undefined,
  };
  const result = authenticateClient(call, { ...registry, ...more });
  assert.ok(!(result instanceof Promise), 'nothing has to be fetched, so nobody waits');
  return { outcome: result.ok ? result.value.id : result.refusal, marks, noted };
}
const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const encode = (text: string) => encodeURIComponent(text).replaceAll('%20', '+');

describe('IDP-01, HTP-02, HTP-03: client authentication', () => {
  const table: [name: string, body: Record<string, string>, header: string | undefined, outcome: string][] = [
    ['a secret in the body', { client_id: 'with secret', client_secret: 's%:+ecret' }, undefined, 'with secret'],
    ['the older of two live secrets', { client_id: 'with secret', client_secret: 'old' }, undefined, 'with secret'],
    ['Basic, form-encoded', {}, basic(encode('with secret'), encode('s%:+ecret')), 'with secret'],
    ['Basic and the same id in the body', { client_id: 'with secret' }, basic('with+secret', 'old'), 'with secret'],
    [
      'Basic and another id in the body (B49)',
      { client_id: 'public' },
      basic('with+secret', 'old'),
      'client_ids_differ',
    ],
    [
      'Basic and a secret in the body (B05)',
      { client_secret: 'old' },
      basic('with+secret', 'old'),
      'two_client_methods',
    ],
    ['a wrong secret (B06)', { client_id: 'with secret', client_secret: 'wrong' }, undefined, 'client_secret_wrong'],
    ['an empty secret', { client_id: 'with secret', client_secret: '' }, undefined, 'client_not_authenticated'],
    ['an unknown client', { client_id: 'nobody', client_secret: 'old' }, undefined, 'client_unknown'],
    ['nothing at all', {}, undefined, 'client_not_authenticated'],
    ['a public client says only its name', { client_id: 'public' }, undefined, 'public'],
    ['Bearer instead of Basic', {}, 'Bearer abc', 'client_not_authenticated'],
    ['Basic that is no base64', {}, 'Basic %%%', 'client_not_authenticated'],
    ['Basic without a colon', {}, `Basic ${Buffer.from('abc').toString('base64')}`, 'client_not_authenticated'],
    [
      'a secret for a client that has keys',
      { client_id: 'with-key', client_secret: 'x' },
      undefined,
      'client_method_not_allowed',
    ],
  ];
  for (const [name, body, header, outcome] of table) {
    test(`${name}: ${outcome}`, () => assert.equal(ask(body, header).outcome, outcome));
  }
});

describe('IDP-04: client assertion: iss = sub = client_id, aud is exactly the issuer as only value', () => {
  const claims = { iss: 'with-key', sub: 'with-key', aud: issuer, exp: now + 60, iat: now, jti: 'a1' };
  const table: [name: string, change: object, outcome: string][] = [
    ['as it should be', {}, 'with-key'],
    ['aud as an array of one', { aud: [issuer] }, 'with-key'],
    ['aud is the token endpoint (B07)', { aud: `${issuer}/token` }, 'client_assertion_invalid'],
    ['aud is the issuer and another (B07)', { aud: [issuer, `${issuer}/token`] }, 'client_assertion_invalid'],
    ['expired (B08)', { exp: now - 31 }, 'client_assertion_invalid'],
    ['no exp', { exp: undefined }, 'client_assertion_invalid'],
    ['valid for a day', { exp: now + 86_400 }, 'client_assertion_invalid'],
    ['not yet begun', { nbf: now + 100 }, 'client_assertion_invalid'],
    ['iss is not sub (B08)', { iss: 'with secret' }, 'client_assertion_invalid'],
    ['no jti', { jti: undefined }, 'client_assertion_invalid'],
    ['of a client without keys', { iss: 'with secret', sub: 'with secret' }, 'client_method_not_allowed'],
    ['of nobody', { iss: 'nobody', sub: 'nobody' }, 'client_unknown'],
  ];
  const send = async (change: object, header: object = {}) => {
    const assertion = await mintJws({ alg: 'ES256', kid: jwk.kid, ...header }, { ...claims, ...change }, signer.sign);
    return ask({ client_assertion: assertion, client_assertion_type: clientAssertionType });
  };
  for (const [name, change, outcome] of table) {
    test(`${name}: ${outcome}`, async () => assert.equal((await send(change)).outcome, outcome));
  }

  describe('legacy_audience: one value, the issuer or its token endpoint to the letter, and nothing else is loosened', () => {
    const older = { iss: 'older', sub: 'older' };
    const endpoint = `${issuer}/token`;
    const refused = 'client_assertion_invalid';
    const told: [name: string, change: object, outcome: string, loosened?: string[]][] = [
      ['the issuer', { aud: issuer }, 'older'],
      ['the token endpoint', { aud: endpoint }, 'older', ['legacy_audience']],
      ['the same in an array of one', { aud: [endpoint] }, 'older', ['legacy_audience']],
      ['both (B07)', { aud: [issuer, endpoint] }, refused],
      ['the token endpoint twice', { aud: [endpoint, endpoint] }, refused],
      ['with a slash', { aud: `${endpoint}/` }, refused],
      ['with a query', { aud: `${endpoint}?a` }, refused],
      ['of another issuer', { aud: 'https://mcp.acme.example/token' }, refused],
      ['another endpoint', { aud: `${issuer}/introspect` }, refused],
      ['nothing', { aud: undefined }, refused],
      ['expired (B08)', { aud: endpoint, exp: now - 31 }, refused],
      ['of a client without the switch (B07)', { iss: 'with-key', sub: 'with-key', aud: endpoint }, refused],
    ];
    for (const [name, change, outcome, loosened] of told) {
      test(`${name}: ${outcome}`, async () => {
        const { outcome: got, noted, marks } = await send({ ...older, ...change });
        assert.equal(got, outcome);
        assert.deepEqual(noted.clientLoosened, loosened);
        assert.equal(marks.length, outcome === 'older' ? 1 : 0);
      });
    }
  });

  test('it is marked as used until it can no longer be accepted', async () => {
    const { marks } = await send({});
    assert.deepEqual(marks, [{ kind: 'client_assertion', id: 'with-key a1', until: now + 90 }]);
  });

  describe('IDP-04: by the skew that is configured, and marked as used for as long', () => {
    const own = { iss: 'with-key', sub: 'with-key', aud: issuer, jti: 'a1' };
    const ofPlatform = { iss: workload.issuer, sub: workload.subject, aud: issuer, jti: 'a1', iat: now - 100 };
    const told: [skewSeconds: number, client: string, change: object, until: number | undefined][] = [
      [0, 'with-key', { ...own, exp: now + 1, iat: now }, now + 1],
      [0, 'with-key', { ...own, exp: now }, undefined],
      [0, 'with-key', { ...own, exp: now + 60, iat: now + 1 }, undefined],
      [60, 'with-key', { ...own, exp: now - 59, iat: now + 60 }, now + 1],
      [60, 'with-key', { ...own, exp: now - 60 }, undefined],
      [60, 'with-key', { ...own, exp: now + 60, nbf: now + 61 }, undefined],
      [0, 'runner', { ...ofPlatform, exp: now + 1, nbf: now }, now + 1],
      [0, 'runner', { ...ofPlatform, exp: now }, undefined],
      [60, 'runner', { ...ofPlatform, exp: now - 59, nbf: now + 60 }, now + 1],
      [60, 'runner', { ...ofPlatform, exp: now - 60 }, undefined],
    ];
    for (const [skewSeconds, client_id, given, until] of told) {
      const { exp, iat, nbf } = given as { exp: number; iat?: number; nbf?: number };
      const name = [exp, iat, nbf].map((date) => (date === undefined ? 'none' : String(date - now))).join(', ');
      test(`${client_id}, ${skewSeconds} s, exp, iat and nbf from now: ${name}: ${until ? 'taken' : 'refused'}`, async () => {
        const client_assertion = await mintJws({ alg: 'ES256', kid: jwk.kid }, { ...given }, signer.sign);
        const body = { client_id, client_assertion, client_assertion_type: clientAssertionType };
        const { outcome, marks } = ask(body, undefined, { skewSeconds });
        assert.equal(outcome === client_id, until !== undefined, outcome);
        assert.deepEqual(
          marks.map((mark) => mark.until),
          until === undefined ? [] : [until],
        );
      });
    }

    for (const [skewSeconds, since, outcome] of [
      [60, now - 60, 'client_assertion_before_epoch'],
      [60, now - 61, 'with-key'],
      [0, now - 1, 'with-key'],
      [0, now, 'client_assertion_before_epoch'],
    ] as const) {
      test(`T21: made now, ${now - since} s after the epoch began, by a clock off by ${skewSeconds} s at most: ${outcome}`, async () => {
        const given = { ...own, exp: now + 60, iat: now };
        const client_assertion = await mintJws({ alg: 'ES256', kid: jwk.kid }, given, signer.sign);
        const body = { client_assertion, client_assertion_type: clientAssertionType };
        assert.equal(ask(body, undefined, { skewSeconds, since: () => since }).outcome, outcome);
      });
    }
  });

  test('signed by another key under the same kid: refused', async () => {
    const other = toSigner({ ...generatePrivateJwk('ES256'), kid: jwk.kid });
    const assertion = await mintJws({ alg: 'ES256', kid: jwk.kid }, claims, other.sign);
    const { outcome, marks } = ask({ client_assertion: assertion, client_assertion_type: clientAssertionType });
    assert.equal(outcome, 'client_assertion_invalid');
    assert.deepEqual(marks, []);
  });

  test('HS256 with the bytes of the public key (B08): refused', async () => {
    assert.equal((await send({}, { alg: 'HS256' })).outcome, 'client_assertion_invalid');
  });

  test('another client_id in the body: refused', async () => {
    const assertion = await mintJws({ alg: 'ES256', kid: jwk.kid }, claims, signer.sign);
    const body = { client_assertion: assertion, client_assertion_type: clientAssertionType, client_id: 'public' };
    assert.equal(ask(body).outcome, 'client_ids_differ');
  });
});

describe('KEY-09: whether what a client was let in with still counts', () => {
  const standingOf = (method: 'secret' | 'none', secret = 's%:+ecret') =>
    toStanding(ok(method === 'secret' ? { method, clientId: 'with secret', secret } : { method, clientId: 'public' }), {
      secretHashes: (id) => (id === 'with secret' ? live : []),
    });
  let live: readonly string[] = [];

  test('a secret, for as long as it is one of its live ones', () => {
    live = [hashSecret('new'), hashSecret('s%:+ecret')];
    const stands = standingOf('secret');
    assert.equal(stands(), true);
    live = [hashSecret('new')];
    assert.deepEqual([stands(), standingOf('secret', 'new')(), standingOf('secret', 'x')()], [false, true, false]);
  });

  test('nothing else does', () => {
    live = [hashSecret('')];
    assert.equal(standingOf('none')(), false);
    assert.equal(toStanding(no('client_not_authenticated'), { secretHashes: () => live })(), false);
  });
});
