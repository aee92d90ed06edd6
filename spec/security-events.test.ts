import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Refusal, refusalRow, securityEventType, toStopPayload } from '@credence/mcp/protocol';
import { generatePrivateJwk } from '../packages/server/src/keys/signer.ts';
import {
  type Answer,
  alice,
  claimsOf,
  idpIssuer,
  openWorld,
  partnerIssuer,
  rasIssuer,
  refused,
  type World,
} from './world.ts';

const server = { client_id: 'server:tracker', client_secret: 'server:tracker-secret' };
const isActive = async (world: World, token: unknown) =>
  (await world.ask('introspect', { ...server, token: String(token) })).body.active;
const tokenOf = async (world: World, claims: object = {}) => {
  const { body, record } = await world.redeem({ assertion: await world.idJag(claims) });
  assert.ok(body.access_token, record.reason);
  return body.access_token;
};
const accepted = (answer: Answer) => {
  assert.deepEqual([answer.status, answer.body], [202, { text: '' }], answer.record.reason);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
};
/** RFC 8935 §2.4: a code and a sentence, nothing of the reason but the reference. */
const notTaken = (answer: Answer, reason: Refusal, err: string) => {
  assert.equal(answer.record.reason, reason);
  assert.deepEqual([answer.status, answer.body.err], [refusalRow(reason).status, err]);
  assert.equal(answer.headers.get('content-language'), 'en');
  const description = String(answer.body.description);
  assert.ok(description.includes(answer.record.id) && !description.includes(reason));
};
const at = (seconds: number) => ({ payload: { event_timestamp: seconds } });

describe('SIG-01, RFC 8935: "push 202 on accept, JSON err 400 otherwise"', () => {
  test('accepted: 202 without a body, on the record', async () => {
    const world = await openWorld();
    const answer = await world.push(await world.event('session-revoked', { claims: { jti: 'set-1' } }));
    accepted(answer);
    const { kind, outcome, issuer, subject, signal } = answer.record;
    assert.deepEqual([kind, outcome, issuer, subject], ['revocation', 'allowed', idpIssuer, alice.id]);
    assert.deepEqual(signal, { event: 'session-revoked', id: 'set-1', at: world.now(), effective: true });
  });

  test('a time with a fraction stands on the record in whole seconds: another form would make its lines look altered', async () => {
    const world = await openWorld();
    const second = world.now() - 2;
    const stop = { id: 'st_1', what: 'client', value: 'nobody', event_timestamp: second + 0.5 };
    for (const set of [
      await world.event('session-revoked', at(second + 0.5)),
      await world.event('credential-change', { claims: { toe: second + 0.5 } }),
      await world.event('stop', { payload: stop, claims: { sub_id: undefined } }),
    ]) {
      const answer = await world.push(set); // which looks at the form of the line
      accepted(answer);
      assert.equal(answer.record.signal?.at, second);
    }
  });

  const other = generatePrivateJwk('ES256');
  const forAlice = { format: 'iss_sub', iss: idpIssuer, sub: alice.id };
  const table: [name: string, make: (world: World) => Promise<string>, reason: Refusal, err: string][] = [
    [
      'B89 a bad signature',
      (w) => w.event('session-revoked', { key: { ...other, kid: w.keys.idJag.kid } }),
      'set_bad_signature',
      'authentication_failed',
    ],
    [
      'B89 another issuer’s audience',
      (w) => w.event('session-revoked', { claims: { aud: 'https://ras.example' } }),
      'set_wrong_audience',
      'invalid_audience',
    ],
    [
      'B89 ours beside another',
      (w) => w.event('session-revoked', { claims: { aud: [rasIssuer, 'https://ras.example'] } }),
      'set_wrong_audience',
      'invalid_audience',
    ],
    ['B89 typ JWT', (w) => w.event('session-revoked', { header: { typ: 'JWT' } }), 'set_wrong_type', 'invalid_request'],
    [
      'B89 with exp',
      (w) => w.event('session-revoked', { claims: { exp: w.now() + 60 } }),
      'set_malformed',
      'invalid_request',
    ],
    ['with sub', (w) => w.event('session-revoked', { claims: { sub: alice.id } }), 'set_malformed', 'invalid_request'],
    [
      'without jti',
      (w) => w.event('session-revoked', { claims: { jti: undefined } }),
      'set_malformed',
      'invalid_request',
    ],
    [
      'without iat',
      (w) => w.event('session-revoked', { claims: { iat: undefined } }),
      'set_malformed',
      'invalid_request',
    ],
    ['iss no text', (w) => w.event('session-revoked', { claims: { iss: 7 } }), 'set_malformed', 'invalid_request'],
    [
      'without events',
      (w) => w.event('session-revoked', { claims: { events: {} } }),
      'set_malformed',
      'invalid_request',
    ],
    [
      'two events',
      (w) => w.event('session-revoked', { claims: { events: { a: {}, b: {} } } }),
      'set_malformed',
      'invalid_request',
    ],
    [
      'an event that is no object',
      (w) => w.event('session-revoked', { claims: { events: { a: 1 } } }),
      'set_malformed',
      'invalid_request',
    ],
    [
      'a time of the event that is none',
      (w) => w.event('session-revoked', { payload: { event_timestamp: 'now' } }),
      'set_malformed',
      'invalid_request',
    ],
    [
      'a toe that is none',
      (w) => w.event('session-revoked', { claims: { toe: -1 } }),
      'set_malformed',
      'invalid_request',
    ],
    ['an ID-JAG', (w) => w.idJag(), 'set_wrong_type', 'invalid_request'],
    ['not a JWS', async () => 'x', 'set_malformed', 'invalid_request'],
    [
      'iat from the future',
      (w) => w.event('session-revoked', { claims: { iat: w.now() + 31 } }),
      'set_from_the_future',
      'invalid_request',
    ],
    [
      'an event from the future',
      (w) => w.event('session-revoked', at(w.now() + 31)),
      'set_from_the_future',
      'invalid_request',
    ],
    [
      'milliseconds for seconds',
      (w) => w.event('session-revoked', at(w.now() * 1000)),
      'set_from_the_future',
      'invalid_request',
    ],
    ['a key of nobody', (w) => w.event('session-revoked', { key: other }), 'set_key_unknown', 'authentication_failed'],
    [
      'alg none',
      (w) => w.event('session-revoked', { header: { alg: 'none' } }),
      'set_key_unknown',
      'authentication_failed',
    ],
    [
      'without sub_id',
      (w) => w.event('session-revoked', { claims: { sub_id: undefined } }),
      'set_subject_unsupported',
      'invalid_request',
    ],
    [
      'an e-mail address for a subject',
      (w) => w.event('session-revoked', { claims: { sub_id: { format: 'email', email: alice.email } } }),
      'set_subject_unsupported',
      'invalid_request',
    ],
    [
      'a complex subject without user',
      (w) => w.event('session-revoked', { claims: { sub_id: { format: 'complex', session: forAlice } } }),
      'set_subject_unsupported',
      'invalid_request',
    ],
    [
      'SIG-03, B89 a subject of another issuer',
      (w) => w.event('session-revoked', { claims: { sub_id: { ...forAlice, iss: partnerIssuer } } }),
      'set_foreign_subject',
      'access_denied',
    ],
    [
      'SIG-03 an issuer that nobody trusts',
      (w) => {
        const iss = 'https://id.evil.example';
        return w.event('session-revoked', { claims: { iss, sub_id: { ...forAlice, iss } } });
      },
      'set_issuer_untrusted',
      'authentication_failed',
    ],
    [
      'SIG-03 another trusted issuer in our name',
      (w) => w.event('session-revoked', { key: w.keys.partner }),
      'set_key_unknown',
      'authentication_failed',
    ],
    [
      'SIG-03 a tenant of an issuer that has none',
      (w) => {
        const sub_id = { format: 'complex', user: forAlice, tenant: { format: 'opaque', id: 'acme' } };
        return w.event('session-revoked', { claims: { sub_id } });
      },
      'set_issuer_untrusted',
      'authentication_failed',
    ],
  ];
  for (const [name, make, reason, err] of table) {
    test(`${name}: ${reason}, and nothing happens`, async () => {
      const world = await openWorld();
      const token = await tokenOf(world);
      notTaken(await world.push(await make(world)), reason, err);
      assert.equal(await isActive(world, token), true);
      assert.deepEqual(world.faults, []);
    });
  }

  test('what came another way than by POST, as something else, or too large', async () => {
    const world = await openWorld();
    const set = await world.event('session-revoked');
    notTaken(await world.push(set, { 'content-type': 'application/jwt' }), 'set_wrong_content_type', 'invalid_request');
    notTaken(await world.push(set.padEnd(70_000, 'x')), 'body_too_large', 'invalid_request');
    const got = await world.send('ras', new Request(`${rasIssuer}/events`));
    notTaken(got, 'wrong_method', 'invalid_request');
    assert.equal(got.headers.get('allow'), 'POST');
    accepted(await world.push(set, { 'content-type': `${securityEventType.toUpperCase()}; charset=utf-8` }));
  });

  test('strangers are told the same whether an issuer is trusted or not', async () => {
    const world = await openWorld();
    const known = await world.push(await world.event('session-revoked', { key: other }));
    const iss = 'https://id.evil.example';
    const claims = { iss, sub_id: { ...forAlice, iss } };
    const unknown = await world.push(await world.event('session-revoked', { claims, key: other }));
    assert.deepEqual([known.status, known.body.err], [unknown.status, unknown.body.err]);
    const elsewhere = { aud: 'https://ras.example' };
    const knownThere = await world.push(await world.event('session-revoked', { claims: elsewhere }));
    const unknownThere = await world.push(
      await world.event('session-revoked', { claims: { ...claims, ...elsewhere } }),
    );
    assert.deepEqual(knownThere.body.err, unknownThere.body.err);
  });

  test('a flood of strangers is counted, and the issuer still gets through from the same address', async () => {
    const world = await openWorld(undefined, { linesPerSecond: 2 });
    const token = await tokenOf(world);
    for (let n = 0; n < 30; n++) await world.push(await world.event('session-revoked', { key: other }));
    const lines = (await world.store.audit.read(0, 100)).filter(({ kind }) => kind === 'refusal');
    assert.equal(lines.length, 2);
    accepted(await world.push(await world.event('session-revoked')));
    assert.equal(await isActive(world, token), false);
  });

  test('B89 replayed: 202 without effect, and no second line', async () => {
    const world = await openWorld();
    const set = await world.event('session-revoked');
    accepted(await world.push(set));
    world.clock.ms += 5000;
    const token = await tokenOf(world);
    const lines = (await world.store.audit.last(100)).length;
    accepted(await world.push(set));
    assert.equal(await isActive(world, token), true);
    assert.equal((await world.store.audit.last(100)).length, lines);
  });

  test('one jti of two issuers is two events', async () => {
    const world = await openWorld();
    const token = await tokenOf(world);
    const foreign = { iss: partnerIssuer, jti: 'j', sub_id: { format: 'iss_sub', iss: partnerIssuer, sub: alice.id } };
    accepted(await world.push(await world.event('session-revoked', { claims: foreign, key: world.keys.partner })));
    assert.equal(await isActive(world, token), true, 'the same name at another issuer is somebody else');
    accepted(await world.push(await world.event('session-revoked', { claims: { jti: 'j' } })));
    assert.equal(await isActive(world, token), false);
  });

  test('B89 an unknown event, and one that takes nothing back: 202 without effect, on the record', async () => {
    const world = await openWorld();
    const token = await tokenOf(world);
    const stream = { format: 'opaque', id: 'stream' };
    const event = 'https://schemas.openid.net/secevent/ssf/event-type/verification';
    const unknown = await world.event('session-revoked', { claims: { sub_id: stream, events: { [event]: {} } } });
    const answer = await world.push(unknown);
    accepted(answer);
    assert.deepEqual([answer.record.signal?.event, answer.record.signal?.effective], ['other', false]);
    const changed = await world.push(await world.event('credential-change'));
    accepted(changed);
    assert.deepEqual([changed.record.signal?.event, changed.record.signal?.effective], ['credential-change', false]);
    assert.equal(await isActive(world, token), true);
  });

  test('no store, no answer that it was taken: 503', async () => {
    const world = await openWorld();
    const set = await world.event('session-revoked');
    await world.store.close();
    const response = await world.raw(
      'ras',
      new Request(`${rasIssuer}/events`, { method: 'POST', headers: { 'content-type': securityEventType }, body: set }),
    );
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('retry-after'), '1');
  });
});

describe('SIG-02: "revoke all access tokens for subject, refuse ID-JAGs with iat before the event time"', () => {
  for (const name of ['session-revoked', 'token-claims-change', 'account-disabled'] as const) {
    test(`${name}: every token of the person is inactive from the answer on, to client and server, and nobody else's`, async () => {
      const world = await openWorld();
      const [one, two, bobs] = [await tokenOf(world), await tokenOf(world), await tokenOf(world, { sub: 'u_bob' })];
      accepted(await world.push(await world.event(name)));
      for (const token of [one, two]) assert.equal(await isActive(world, token), false);
      const asClient = { client_id: 'cc-at-ras', client_secret: 'cc-at-ras-secret', token: String(one) };
      assert.deepEqual((await world.ask('introspect', asClient)).body, { active: false });
      assert.equal(await isActive(world, bobs), true);
    });
  }

  test('B70: an ID-JAG issued before a session-revoked event, or in its second, is refused, one issued after it redeemed', async () => {
    const world = await openWorld();
    const event = world.now();
    const [before, same] = [await world.idJag({ iat: event - 5 }), await world.idJag({ iat: event })];
    accepted(await world.push(await world.event('session-revoked', at(event))));
    for (const assertion of [before, same]) await refused(world, await world.redeem({ assertion }), 'id_jag_revoked');
    world.clock.ms += 1000;
    assert.equal(await isActive(world, await tokenOf(world)), true);
  });

  test('the time of the event is the event’s, else the SET’s', async () => {
    for (const change of [at(1_799_999_990), { claims: { toe: 1_799_999_990 } }, { claims: { iat: 1_799_999_990 } }]) {
      const world = await openWorld();
      accepted(await world.push(await world.event('session-revoked', change)));
      await refused(
        world,
        await world.redeem({ assertion: await world.idJag({ iat: 1_799_999_990 }) }),
        'id_jag_revoked',
      );
      assert.ok(await tokenOf(world, { iat: 1_799_999_991 }));
    }
  });

  test('a refused ID-JAG makes no account, and a person without an account is cut off all the same', async () => {
    const world = await openWorld();
    accepted(await world.push(await world.event('account-disabled')));
    await refused(world, await world.redeem(), 'subject_blocked');
    assert.equal(
      await world.store.accounts.find({ issuer: idpIssuer, tenant: undefined, subject: alice.id }),
      undefined,
    );
  });

  test('T20: of two not-befores the later counts, in whichever order they come', async () => {
    for (const order of [
      [-10, -100],
      [-100, -10],
    ]) {
      const world = await openWorld();
      const now = world.now();
      for (const ago of order) accepted(await world.push(await world.event('session-revoked', at(now + ago))));
      await refused(world, await world.redeem({ assertion: await world.idJag({ iat: now - 50 }) }), 'id_jag_revoked');
      assert.ok(await tokenOf(world, { iat: now - 9 }));
    }
  });

  test('T19: of a disabled account nothing is redeemed, also when the ID-JAG was issued after the event, or by a fast clock', async () => {
    const world = await openWorld();
    const token = await tokenOf(world);
    accepted(await world.push(await world.event('account-disabled')));
    for (const iat of [world.now() + 1, world.now() + 29]) {
      await refused(
        world,
        await world.redeem({ assertion: await world.idJag({ iat, exp: iat + 300 }) }),
        'subject_blocked',
      );
    }
    world.clock.ms += 60_000;
    await refused(world, await world.redeem(), 'subject_blocked');
    assert.equal(await isActive(world, token), false);
  });

  test('T19: a token made while the event was on its way is revoked although the clock of the issuer was behind', async () => {
    const world = await openWorld();
    const token = await tokenOf(world, { iat: world.now() - 20 });
    accepted(await world.push(await world.event('session-revoked', at(world.now() - 15))));
    assert.equal(await isActive(world, token), false);
  });

  test('an event of long ago revokes nothing that it cannot concern', async () => {
    const world = await openWorld();
    const token = await tokenOf(world);
    accepted(await world.push(await world.event('session-revoked', at(world.now() - 661))));
    assert.equal(await isActive(world, token), true);
  });

  test('account-enabled lets in again what is issued after it, and nothing of before', async () => {
    const world = await openWorld();
    const old = await tokenOf(world);
    accepted(await world.push(await world.event('account-disabled', at(world.now()))));
    world.clock.ms += 10_000;
    accepted(await world.push(await world.event('account-enabled')));
    assert.equal(await isActive(world, old), false);
    await refused(
      world,
      await world.redeem({ assertion: await world.idJag({ iat: world.now() - 10 }) }),
      'id_jag_revoked',
    );
    assert.equal(await isActive(world, await tokenOf(world)), true);
  });

  test('order-safe: an account-enabled of before the account-disabled lets nobody in, nor one of the same second', async () => {
    for (const earlier of [5, 0]) {
      const world = await openWorld();
      const now = world.now();
      const enabled = await world.event('account-enabled', { claims: { iat: now - earlier } });
      const disabled = await world.event('account-disabled', { claims: { iat: now } });
      for (const set of earlier ? [disabled, enabled] : [enabled, disabled]) accepted(await world.push(set));
      world.clock.ms += 5000;
      await refused(world, await world.redeem(), 'subject_blocked');
    }
  });

  test('it holds for every node, at once, and after the time in which tokens live', async () => {
    const world = await openWorld();
    const second = await openWorld(world.store);
    const token = await tokenOf(world);
    accepted(await world.push(await world.event('account-disabled')));
    assert.equal(await isActive(second, token), false);
    await world.store.purge(world.now() + 100_000);
    await refused(second, await second.redeem(), 'subject_blocked');
  });

  test('an account that is switched off here has no live tokens either', async () => {
    const world = await openWorld();
    const token = await tokenOf(world);
    const account = await world.store.accounts.find({ issuer: idpIssuer, tenant: undefined, subject: alice.id });
    await world.store.accounts.setActive(account?.id ?? '', false);
    assert.equal(await isActive(world, token), false);
  });
});

describe('SIG-03: an issuer stops what it has issued itself, and nothing else', () => {
  const stopOf = (
    world: World,
    claims: object,
    value: string,
    key = world.keys.idJag,
    what: 'id_jag' | 'client' = 'id_jag',
  ) =>
    world.event('stop', {
      payload: {
        ...toStopPayload({ id: 'x', tenant: undefined, what, value, resumedAt: undefined }, world.now()),
      },
      claims: { sub_id: undefined, ...claims },
      key,
    });

  test('T09: the jti of another issuer’s ID-JAG, or of a token given for it, is none of its matters', async () => {
    const world = await openWorld();
    const token = await tokenOf(world, { jti: 'the-same' });
    const { jti } = claimsOf(token);
    for (const value of ['the-same', String(jti)]) {
      accepted(await world.push(await stopOf(world, { iss: partnerIssuer }, value, world.keys.partner)));
    }
    assert.equal(await isActive(world, token), true);
    accepted(await world.push(await stopOf(world, {}, 'the-same')));
    assert.equal(await isActive(world, token), false);
  });

  test('a stop of a client that is called like an ID-JAG ends nothing that came of that', async () => {
    const world = await openWorld();
    const token = await tokenOf(world, { jti: 'the-same' });
    accepted(await world.push(await stopOf(world, {}, 'the-same', undefined, 'client')));
    assert.equal(await isActive(world, token), true);
  });

  test('a stop of one ID-JAG ends by itself, when nothing of it can be left', async () => {
    const world = await openWorld();
    accepted(await world.push(await stopOf(world, {}, 'an-id')));
    const [made] = await world.store.stops.list({ over: false, limit: 10 });
    assert.equal(made?.endsAt, world.now() + 3720);
  });

  test('SIG-02: an order that was signed more than seven days ago is refused: it would stand', async () => {
    const world = await openWorld();
    const iat = world.now() - 7 * 86_400;
    accepted(await world.push(await stopOf(world, { iat }, 'an-id')));
    notTaken(await world.push(await stopOf(world, { iat: iat - 1 }, 'another')), 'set_too_old', 'invalid_request');
  });
});
