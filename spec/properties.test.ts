import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { grantType, wireCodes } from '@credence/mcp/protocol';
import fc from 'fast-check';
import { openTestWorld, type TestWorld } from '../packages/server/src/idp/sign-in/test-world.ts';
import { alice, claimsOf, idpIssuer, openWorld, rasIssuer, tracker, type World, wiki } from './world.ts';

// For any input whatever. One world serves each property: what one request left behind is part of the next one's world.

type Side = 'idp' | 'ras';
const issuerOf = { idp: idpIssuer, ras: rasIssuer };
const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' };

interface Seen {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** An answer as RFC 6749 §5 has it, nothing broken behind it, and within a second. */
async function send(
  world: World,
  side: Side,
  init: RequestInit & { readonly body: string | Uint8Array },
): Promise<Seen> {
  const started = performance.now();
  const response = await world.raw(side, new Request(`${issuerOf[side]}/token`, init as RequestInit));
  if (side === 'idp' && response.status === 404) return handedOn(init.body);
  const body = await wellFormedIn(response, started);
  assert.deepEqual(world.faults, []);
  return { status: response.status, body };
}

/** To the sign-in, which is behind the same door and not in this world: only what is no token exchange. */
function handedOn(body: string | Uint8Array): Seen {
  const form = new URLSearchParams(typeof body === 'string' ? body : new TextDecoder().decode(body));
  assert.notEqual(form.get('grant_type'), grantType.tokenExchange);
  return { status: 404, body: {} };
}

async function wellFormedIn(response: Response, started: number): Promise<Record<string, unknown>> {
  const body = (await response.json()) as Record<string, unknown>;
  assert.ok(response.status < 500, `${response.status}`);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  assert.match(String(response.headers.get('content-type')), /^application\/json/);
  assert.ok(performance.now() - started < 1000, 'within a second');
  if (response.status === 200) return body;
  assert.ok(Object.hasOwn(wireCodes, String(body.error)), String(body.error));
  assert.match(String(body.error_description), /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  assert.ok(!('access_token' in body));
  return body;
}

const wellFormed = 'a well-formed OAuth answer, never a fault';

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 300 }).map((text) => new TextEncoder().encode(text)),
  fc.webQueryParameters().map((text) => new TextEncoder().encode(text)),
);
const anyHeaders = fc.record(
  {
    'content-type': fc.constantFrom('application/x-www-form-urlencoded', 'application/json', 'text/plain', 'x'),
    authorization: fc.oneof(
      fc.string({ unit: 'grapheme-ascii' }),
      fc.base64String().map((text) => `Basic ${text}`),
    ),
    dpop: fc.oneof(fc.string({ unit: 'grapheme-ascii' }), fc.constant('e30.e30.e30')),
  },
  { requiredKeys: ['content-type'] },
);

describe(`any bytes at either token endpoint: ${wellFormed}`, () => {
  for (const side of ['idp', 'ras'] as const) {
    test(`at the ${side}`, async () => {
      const world = await openWorld();
      await fc.assert(
        fc.asyncProperty(anyBytes, anyHeaders, async (body, head) => {
          world.clock.ms += 60_000;
          const answer = await send(world, side, { method: 'POST', headers: toHeaders(head), body });
          assert.notEqual(answer.status, 200);
        }),
        { numRuns: 500 },
      );
    });
  }
});

/** One step away from a form that is right: a value changed, cut, emptied or swapped, a field gone, doubled or new. */
type Mutation = (fields: [name: string, value: string][]) => [name: string, value: string][];
const mutations = fc.oneof(
  fc.nat().map<Mutation>((at) => (fields) => fields.filter((_, index) => index !== at % fields.length)),
  fc.nat().map<Mutation>((at) => (fields) => [...fields, fields[at % fields.length] ?? ['a', 'b']]),
  fc.tuple(fc.nat(), fc.string({ unit: 'binary' })).map<Mutation>(([at, text]) => onValue(at, () => text)),
  fc.tuple(fc.nat(), fc.nat(), fc.string({ minLength: 1, maxLength: 3 })).map<Mutation>(([at, place, text]) =>
    onValue(at, (value) => {
      const cut = place % (value.length + 1);
      return value.slice(0, cut) + text + value.slice(cut + 1);
    }),
  ),
  fc
    .tuple(fc.nat(), fc.nat())
    .map<Mutation>(([at, length]) => onValue(at, (value) => value.slice(0, length % (value.length + 1)))),
  fc.tuple(fc.nat(), fc.nat()).map<Mutation>(
    ([at, from]) =>
      (fields) =>
        onValue(at, () => fields[from % fields.length]?.[1] ?? '')(fields),
  ),
  fc.tuple(fc.constantFrom(...extraNames()), fc.string()).map<Mutation>(([name, value]) => (fields) => [
    ...fields,
    [name, value],
  ]),
);

function extraNames(): string[] {
  return ['scope', 'resource', 'actor_token', 'authorization_details', 'client_assertion', 'assertion', 'nonsense'];
}

function onValue(at: number, change: (value: string) => string): Mutation {
  return (fields) => fields.map(([name, value], index) => [name, index === at % fields.length ? change(value) : value]);
}

describe(`any form one or two steps from a right one: ${wellFormed}`, () => {
  test('at the idp', async () => {
    const world = await openWorld();
    await fc.assert(
      fc.asyncProperty(fc.array(mutations, { minLength: 1, maxLength: 2 }), async (steps) => {
        world.clock.ms += 60_000;
        const request = await world.exchangeRequest();
        await send(world, 'idp', { method: 'POST', headers: urlencoded, body: mutate(await request.text(), steps) });
      }),
      { numRuns: 500 },
    );
  });

  test('at the ras, and a refused ID-JAG is not used up', async () => {
    const world = await openWorld();
    await fc.assert(
      fc.asyncProperty(fc.array(mutations, { minLength: 1, maxLength: 2 }), async (steps) => {
        world.clock.ms += 60_000;
        const form = await (await world.redeemRequest()).text();
        const asIs = { method: 'POST', headers: urlencoded, body: form };
        const { status } = await send(world, 'ras', { ...asIs, body: mutate(form, steps) });
        // What was refused has used nothing up, and what was granted has.
        const again = await send(world, 'ras', asIs);
        assert.equal(again.status, status === 200 ? 400 : 200);
      }),
      { numRuns: 500 },
    );
  });
});

function mutate(form: string, steps: readonly Mutation[]): string {
  const fields = steps.reduce<[string, string][]>(
    (all, step) => (all.length > 0 ? step(all) : all),
    [...new URLSearchParams(form)],
  );
  return new URLSearchParams(fields).toString();
}

describe(`codes and refresh tokens, at the port that both halves of the identity provider share: ${wellFormed}`, () => {
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld();
  });
  after(() => world.close());

  const post = async (init: RequestInit): Promise<Seen> => {
    const started = performance.now();
    const response = await fetch(`${world.issuer}/token`, { method: 'POST', ...init });
    const body = await wellFormedIn(response, started);
    assert.deepEqual(world.faults, []);
    return { status: response.status, body };
  };
  /** Nobody waits for the failures of those before. */
  let asked = 0;
  const fresh = (headers: ConstructorParameters<typeof Headers>[0]) => {
    const all = new Headers(headers);
    all.set('x-test-address', `2001:db8:${(asked++).toString(16)}::1`);
    return all;
  };

  test('any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(anyBytes, anyHeaders, async (body, head) => {
        assert.notEqual((await post({ headers: fresh(toHeaders(head)), body: Buffer.from(body) })).status, 200);
      }),
      { numRuns: 300 },
    );
  });

  const forms = {
    code: {
      grant_type: 'authorization_code',
      code: 'x',
      redirect_uri: 'http://localhost:1/callback',
      code_verifier: 'v'.repeat(43),
    },
    'refresh token': { grant_type: 'refresh_token', refresh_token: 'x', scope: 'openid' },
  };
  for (const [name, form] of Object.entries(forms)) {
    test(`any form one or two steps from one with a ${name}`, async () => {
      const whole = new URLSearchParams({ ...form, client_id: 'portal', client_secret: world.secret }).toString();
      await fc.assert(
        fc.asyncProperty(fc.array(mutations, { minLength: 1, maxLength: 2 }), async (steps) => {
          const { status } = await post({ headers: fresh(urlencoded), body: mutate(whole, steps) });
          assert.notEqual(status, 200);
        }),
        { numRuns: 300 },
      );
    });
  }
});

describe('any claims and any header under a good signature', () => {
  const claimNames = [
    ...[
      'iss',
      'sub',
      'aud',
      'client_id',
      'jti',
      'exp',
      'iat',
      'nbf',
      'resource',
      'scope',
      'cnf',
      'act',
      'email',
      'tenant',
    ],
    ...['sid', 'auth_time', 'acr', 'amr', 'azp', 'nonce', 'htm', 'htu', 'ath', 'events', 'sub_id', 'txn', 'toe'],
    ...['authorization_details', 'aud_tenant', 'aud_sub', 'credence_lineage', '__proto__'],
  ];
  const claim = fc.constantFrom(...claimNames);
  const member = fc.constantFrom('typ', 'alg', 'kid', 'crit', 'jwk', 'jku', 'x5c', 'b64', 'zip', 'enc', '__proto__');
  /** Where a text or a number is expected. */
  const ofNoKind: readonly unknown[] = [{ toString: 1 }, [[]], [null], null, 7, 'a', ''];
  // Of all there is, what is most easily taken for something else.
  const strange: readonly unknown[] = [
    ...ofNoKind,
    ...[{ toString: 1 }, { valueOf: null, toString: {} }, { length: 1 }, { toJSON: 1 }, [[]], [null], ['a', 1]],
    ...[
      { jkt: { toString: 1 } },
      { jkt: 7 },
      { 'x5t#S256': [] },
      { kty: 'EC', crv: {}, x: 1, y: [] },
      [{ type: {} }],
      [{}],
    ],
    ...[
      { format: 'iss_sub', iss: {}, sub: [] },
      { format: [] },
      -1,
      1e300,
      0.5,
      1_800_000_000.5,
      '',
      ' ',
      '\u0000',
      '\ud800',
    ],
    ...[rasIssuer, tracker, idpIssuer, 'cc-at-ras', 'none', 'HS256', 'x'.repeat(3000)],
  ];
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom<unknown>(...strange));
  const claims = fc.dictionary(claim, value, { maxKeys: 2 });
  const header = fc.dictionary(member, value, { maxKeys: 1 });

  type Ask = (world: World, claims: object, header: object) => Promise<Request>;
  const withField = async (request: Request, change: Record<string, unknown>, headers: Record<string, string> = {}) => {
    const form = new URLSearchParams(await request.text());
    for (const [name, text] of Object.entries(change)) {
      if (text === undefined) form.delete(name);
      else form.set(name, String(text));
    }
    return new Request(request.url, { method: 'POST', headers, body: form });
  };
  const asks: [name: string, side: Side, ask: Ask][] = [
    [
      'an ID-JAG',
      'ras',
      async (world, ...it) => withField(await world.redeemRequest(), { assertion: await world.idJag(...it) }),
    ],
    [
      'an ID Token',
      'idp',
      async (world, ...it) => withField(await world.exchangeRequest(), { subject_token: await world.idToken(...it) }),
    ],
    [
      'a client assertion',
      'idp',
      async (world, more, head) =>
        withField(await world.exchangeRequest(), await world.clientAssertion(idpIssuer, more, head)),
    ],
    [
      'a client assertion',
      'ras',
      async (world, more, head) =>
        withField(await world.redeemRequest(), await world.clientAssertion(rasIssuer, more, head)),
    ],
    [
      'a proof',
      'idp',
      async (world, ...it) => withField(await world.exchangeRequest(), {}, { dpop: await world.proof('idp', ...it) }),
    ],
    [
      'a proof',
      'ras',
      async (world, ...it) => withField(await world.redeemRequest(), {}, { dpop: await world.proof('ras', ...it) }),
    ],
    [
      'authorization details',
      'idp',
      async (world, more) =>
        withField(await world.exchangeRequest(), { authorization_details: JSON.stringify([{ type: 'mcp', ...more }]) }),
    ],
    [
      'authorization details',
      'ras',
      async (world, more) =>
        withField(await world.redeemRequest(), { authorization_details: JSON.stringify(Object.values(more)) }),
    ],
  ];
  for (const [name, side, ask] of asks) {
    test(`${name}, at the ${side}: ${wellFormed}`, async () => {
      const world = await openWorld();
      const answered = async (more: object, head: object) => {
        world.clock.ms += 60_000;
        const request = await ask(world, more, head);
        const init = { method: 'POST', headers: request.headers, body: await request.text() };
        const { status, body } = await send(world, side, init);
        if (status === 200 && side === 'ras')
          assert.ok([tracker, wiki].includes(String(claimsOf(body.access_token).aud)));
      };
      // Chance hardly ever meets one claim with the one value that breaks it.
      for (const known of claimNames) for (const one of ofNoKind) await answered({ [known]: one }, {});
      await fc.assert(fc.asyncProperty(claims, header, answered), { numRuns: 200 });
    });
  }

  test('a security event: taken, or refused with the reason on the record, never a fault', async () => {
    const world = await openWorld();
    await fc.assert(
      fc.asyncProperty(claims, header, fc.boolean(), async (more, head, isPayload) => {
        world.clock.ms += 60_000;
        const change = isPayload ? { payload: more } : { claims: more };
        const { status, record } = await world.push(await world.event('session-revoked', { ...change, header: head }));
        assert.deepEqual(world.faults, []);
        assert.ok(status === 202 || (status < 500 && record.outcome === 'refused'), `${status}`);
      }),
      { numRuns: 200 },
    );
  });
});

describe('no changed byte of a valid ID-JAG redeems', () => {
  test('whichever byte, into whatever', async () => {
    const world = await openWorld();
    const assertion = await world.idJag({ exp: world.now() + 600 });
    const change = fc.tuple(fc.nat(assertion.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(change, async ([at, byte]) => {
        const character = String.fromCharCode(byte);
        fc.pre(character !== assertion[at]);
        const changed = assertion.slice(0, at) + character + assertion.slice(at + 1);
        assert.equal((await world.redeem({ assertion: changed })).status, 400);
      }),
      { numRuns: 400 },
    );
    assert.equal((await world.redeem({ assertion })).status, 200);
  });
});

describe('granted scopes are within asked, allowed and registered', () => {
  const registered = ['issues:read', 'issues:write'];
  const scopes = fc.subarray([...registered, 'pages:read', 'admin', 'x'], { minLength: 1 });
  const isWithin = (granted: unknown, bounds: readonly string[]) =>
    String(granted)
      .split(' ')
      .every((scope) => bounds.includes(scope));

  test('by the idp', async () => {
    const world = await openWorld();
    const groups = fc.subarray(['engineering', 'marketing', 'nobody']);
    let granted = 0;
    await fc.assert(
      fc.asyncProperty(fc.option(scopes, { nil: undefined }), groups, fc.nat(7200), async (asked, member, age) => {
        await world.store.people.save({ ...alice, groups: member });
        const subject_token = await world.idToken({ auth_time: world.now() - age });
        const { status, body } = await world.exchange({ subject_token, scope: asked?.join(' ') });
        if (status !== 200) return;
        granted += 1;
        const allowed = member.includes('engineering')
          ? registered
          : member.includes('marketing')
            ? ['issues:read']
            : [];
        const fresh = age <= 3600 ? allowed : allowed.filter((scope) => scope !== 'issues:write');
        assert.ok(isWithin(body.scope, fresh), `${body.scope} of ${fresh}`);
        assert.ok(isWithin(body.scope, asked ?? ['issues:read']), 'asked, or safe to give unasked');
        assert.equal(claimsOf(body.access_token).scope, body.scope);
      }),
      { numRuns: 150 },
    );
    assert.ok(granted > 10);
  });

  test('by the ras', async () => {
    const world = await openWorld();
    const claim = fc.option(scopes, { nil: undefined });
    let granted = 0;
    await fc.assert(
      fc.asyncProperty(claim, fc.option(scopes, { nil: undefined }), async (claimed, asked) => {
        const assertion = await world.idJag({ scope: claimed?.join(' ') });
        const { status, body } = await world.redeem({ assertion, scope: asked?.join(' ') });
        if (status !== 200) return;
        granted += 1;
        for (const bounds of [registered, claimed ?? ['issues:read'], asked ?? registered]) {
          assert.ok(isWithin(body.scope, bounds), `${body.scope} of ${bounds}`);
        }
        assert.equal(claimsOf(body.access_token).scope, body.scope);
      }),
      { numRuns: 150 },
    );
    assert.ok(granted > 10);
  });
});

/** Header values cannot hold every character; what cannot be sent cannot be received. */
function toHeaders(head: Record<string, string | undefined>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(head)) {
    if (value !== undefined && /^[\x20-\x7e]*$/.test(value)) headers.set(name, value);
  }
  return headers;
}
