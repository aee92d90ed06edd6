import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type JsonObject, joseType, no, parseJws, type Refusal } from './index.ts';
import type { VerifiedJwt } from './jws.ts';
import {
  checkSecurityEvent,
  cutReachSeconds,
  mintSecurityEvent,
  type SecurityEvent,
  type SecurityEventGrant,
  type StopSaid,
  securityEvents,
  toStopPayload,
} from './security-event.ts';

const issuer = 'https://id.example';
const audience = 'https://ras.example';
const now = 1_800_000_000;
const expected = { issuer, audience, now, skewSeconds: 30 };
const user = { format: 'iss_sub', iss: issuer, sub: 'u' };

const complex = (more: JsonObject): JsonObject => ({ format: 'complex', user, ...more });
const tenant = (tenant: JsonObject): JsonObject => ({ sub_id: complex({ tenant }) });

function check(change: JsonObject, payload: JsonObject = {}, typ: string = joseType.securityEvent) {
  const events = { [securityEvents['session-revoked']]: payload };
  const claims = { iss: issuer, aud: audience, iat: now, jti: 'j', sub_id: user, events, ...change };
  return checkSecurityEvent({ header: { typ }, claims } as unknown as VerifiedJwt, expected);
}

const taken = (result: ReturnType<typeof check>): SecurityEvent => {
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
};

describe('SIG-01: whether a security event token is taken', () => {
  const table: [name: string, change: JsonObject, payload: JsonObject, refusal: Refusal | undefined][] = [
    ['as it should be', {}, {}, undefined],
    ['of another issuer than the one whose keys verified it', { iss: 'https://o.example' }, {}, 'set_issuer_untrusted'],
    ['for us, in a list', { aud: [audience] }, {}, undefined],
    ['for another', { aud: 'https://o.example' }, {}, 'set_wrong_audience'],
    ['for us and another', { aud: [audience, 'https://o.example'] }, {}, 'set_wrong_audience'],
    ['for nobody', { aud: [] }, {}, 'set_wrong_audience'],
    ['with an end', { exp: now + 60 }, {}, 'set_malformed'],
    ['with a subject of its own', { sub: 'u' }, {}, 'set_malformed'],
    ['without a date', { iat: undefined }, {}, 'set_malformed'],
    ['without an id', { jti: '' }, {}, 'set_malformed'],
    ['as far ahead as clocks may be', { iat: now + 30 }, {}, undefined],
    ['from later', { iat: now + 31 }, {}, 'set_from_the_future'],
    ['from later, of an event of before', { iat: now + 31 }, { event_timestamp: now }, 'set_from_the_future'],
    ['of an event as far ahead as clocks may be', {}, { event_timestamp: now + 30 }, undefined],
    ['of an event of later', {}, { event_timestamp: now + 31 }, 'set_from_the_future'],
    ['of an event at no time', {}, { event_timestamp: 'today' }, 'set_malformed'],
    ['with toe', { toe: now - 60 }, {}, undefined],
    ['with a toe that is no date', { toe: 'today' }, { event_timestamp: now }, 'set_malformed'],
    ['without events', { events: undefined }, {}, 'set_malformed'],
    ['with none', { events: {} }, {}, 'set_malformed'],
    ['with two', { events: { a: {}, b: {} } }, {}, 'set_malformed'],
    ['with one that is no object', { events: { a: 7 } }, {}, 'set_malformed'],
    ['about nobody', { sub_id: undefined }, {}, 'set_subject_unsupported'],
    ['about somebody of another issuer', { sub_id: { ...user, iss: 'https://o.example' } }, {}, 'set_foreign_subject'],
    ['about another kind of subject', { sub_id: { ...user, format: 'account' } }, {}, 'set_subject_unsupported'],
    ['about a subject without an issuer', { sub_id: { ...user, iss: 7 } }, {}, 'set_subject_unsupported'],
    ['about a subject without a name', { sub_id: { ...user, sub: '' } }, {}, 'set_subject_unsupported'],
    ['about a user who is no object', { sub_id: complex({ user: 'u' }) }, {}, 'set_subject_unsupported'],
    ['about a tenant that is no object', { sub_id: complex({ tenant: 't' }) }, {}, 'set_subject_unsupported'],
    ['about a tenant in another format', tenant({ format: 'uri', id: 't' }), {}, 'set_subject_unsupported'],
    ['about a tenant without a name', tenant({ format: 'opaque', id: 7 }), {}, 'set_subject_unsupported'],
  ];
  for (const [name, change, payload, refusal] of table) {
    test(`${name}: ${refusal ?? 'taken'}`, () => {
      const result = check(change, payload);
      assert.equal(result.ok ? undefined : result.refusal, refusal);
    });
  }

  test('another typ: refused', () => {
    assert.deepEqual(check({}, {}, 'JWT'), no('set_wrong_type'));
  });
});

describe('SIG-03: what an issuer says of a stop of its own', () => {
  const client = { id: 's', what: 'client', value: 'app' };
  const everything = { id: 's', what: 'everything' };
  const checkStop = (payload: JsonObject) =>
    check({ sub_id: undefined, events: { [securityEvents.stop]: { event_timestamp: now, ...payload } } });
  const latest = now + expected.skewSeconds + cutReachSeconds;

  const table: [name: string, payload: JsonObject, refusal: Refusal | undefined][] = [
    ['of a client', client, undefined],
    ['of a server', { ...client, what: 'server' }, undefined],
    ['of an ID-JAG', { ...client, what: 'id_jag' }, undefined],
    ['of everything', everything, undefined],
    ['of everything, and of something', { ...everything, value: 'app' }, 'set_malformed'],
    ['of something that we do not know', { ...client, what: 'person' }, 'set_malformed'],
    ['of nobody', { ...client, value: undefined }, 'set_malformed'],
    ['without a name', { ...client, id: undefined }, 'set_malformed'],
    ['without a name, of a tenant', { ...client, id: '', tenant: 't' }, 'set_malformed'],
    ['of a tenant without a name', { ...client, tenant: 7 }, 'set_malformed'],
    ['that ended at no time', { ...client, resumed_at: 'today' }, 'set_malformed'],
    ['that ended as late as one may that cuts once', { ...client, resumed_at: latest }, undefined],
    ['that ends later', { ...client, resumed_at: latest + 1 }, 'set_from_the_future'],
  ];
  for (const [name, payload, refusal] of table) {
    test(`${name}: ${refusal ?? 'taken'}`, () => {
      const result = checkStop(payload);
      assert.equal(result.ok ? undefined : result.refusal, refusal);
    });
  }

  test('what is said is heard, and nothing is said of what it has not', () => {
    const whole: StopSaid = { id: 's', tenant: 't', what: 'client', value: 'app', resumedAt: now };
    const bare: StopSaid = { id: 's', tenant: undefined, what: 'everything', value: undefined, resumedAt: undefined };
    for (const said of [whole, bare]) assert.deepEqual(taken(checkStop(toStopPayload(said, now))).stop, said);
    assert.deepEqual(toStopPayload(bare, now), { event_timestamp: now, id: 's', what: 'everything' });
  });
});

describe('what it says', () => {
  test('whom it is about, with or without a tenant', () => {
    const subjectOf = (sub_id: JsonObject) => taken(check({ sub_id })).subject;
    const person = { issuer, subject: 'u' };
    assert.deepEqual(subjectOf(user), { ...person, tenant: undefined });
    assert.deepEqual(subjectOf(complex({})), { ...person, tenant: undefined });
    assert.deepEqual(subjectOf(complex({ tenant: { format: 'opaque', id: 't' } })), { ...person, tenant: 't' });
  });

  test('when it happened: by the event, else by toe, else when it was said', () => {
    const at = (change: JsonObject, payload?: JsonObject) => taken(check(change, payload)).happenedAt;
    assert.equal(at({ toe: now - 60 }, { event_timestamp: now - 90 }), now - 90);
    assert.equal(at({ toe: now - 60 }), now - 60);
    assert.equal(at({}), now);
  });

  test('an event that is not known is taken whomever it is about, and has no name', () => {
    const event = taken(check({ events: { 'https://e.example/other': {} }, sub_id: { format: 'opaque', id: 's' } }));
    assert.deepEqual([event.name, event.subject, event.happenedAt], [undefined, undefined, now]);
    assert.equal(taken(check({})).name, 'session-revoked');
  });

  test('what is minted is read again: subject, tenant and what joins it to others', async () => {
    const set = { issuer, audience, id: 'j', issuedAt: now, event: securityEvents['session-revoked'], payload: {} };
    const claimsOf = async (more: Partial<SecurityEventGrant>) => {
      const text = await mintSecurityEvent(
        { ...set, ...more },
        { kid: 'k', algorithm: 'ES256', sign: async () => new Uint8Array(64) },
      );
      return parseJws(text)?.claims ?? {};
    };
    const subject = { issuer, tenant: 't', subject: 'u' };
    const claims = await claimsOf({ subject, transaction: 'x' });
    assert.equal(claims.txn, 'x');
    assert.deepEqual(taken(check(claims)).subject, subject);
    const [plain, withoutSubject] = [
      await claimsOf({ subject: { ...subject, tenant: undefined } }),
      await claimsOf({}),
    ];
    assert.deepEqual(plain.sub_id, user);
    assert.ok(!('txn' in plain) && !('sub_id' in withoutSubject));
  });
});
