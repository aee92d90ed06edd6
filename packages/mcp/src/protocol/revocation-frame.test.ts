import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type JsonObject, joseType, parseJws } from './index.ts';
import type { VerifiedJwt } from './jws.ts';
import {
  type BroadStop,
  checkRevocationFrame,
  mintRevocationFrame,
  type RevocationFrame,
  revocationsEvent,
} from './revocation-frame.ts';

const expected = { issuer: 'https://ras.example', resource: 'https://ras.example/mcp', nonce: 'n', seq: 3 };
const now = 1_800_000_000;
const payload = { nonce: 'n', seq: 3, at_ms: now * 1000, position: 7, complete: true, people: [], tokens: [] };

function check(change: JsonObject, ofClaims: JsonObject = {}, typ: string = joseType.securityEvent) {
  const events = { [revocationsEvent]: { ...payload, ...change } };
  const claims = { iss: expected.issuer, aud: expected.resource, events, ...ofClaims };
  return checkRevocationFrame({ header: { typ }, claims } as unknown as VerifiedJwt, expected);
}

const person = ['w', now, 1, now + 60];
const cutToken = ['t', now + 60];
const broad = ['st', 'app', 'mark', 'w', now, 1, now + 60];
/** An entry with one of its members changed. */
const but = (entry: readonly unknown[], at: number, value: unknown) => [[...entry.with(at, value)]];

describe('T20: a frame is whole, and the one that comes next, or it is none', () => {
  const table: [name: string, change: JsonObject, isTaken: boolean][] = [
    ['as it should be', {}, true],
    ['of an epoch', { epoch: 'e' }, true],
    ['of an epoch without a name', { epoch: 7 }, false],
    ['of another connection', { nonce: 'm' }, false],
    ['one too early', { seq: 2 }, false],
    ['one too late', { seq: 4 }, false],
    ['at no time', { at_ms: 'today' }, false],
    ['at no position', { position: '7' }, false],
    ['that does not say whether it is all', { complete: 1 }, false],
    ['without people', { people: undefined }, false],
    ['without tokens', { tokens: undefined }, false],
    ['with stops that are no list', { stops: {} }, false],
    ['with a person', { people: [person] }, true],
    ['with half a person', { people: [person, person.slice(1)] }, false],
    ['with more than a person', { people: [[...person, 0]] }, false],
    ['with a person that is no list', { people: ['four'] }, false],
    ['with a person without a name', { people: but(person, 0, '') }, false],
    ['with a person at no time', { people: but(person, 1, '0') }, false],
    ['with a person to no end', { people: but(person, 3, null) }, false],
    ['with a person who may be blocked', { people: but(person, 2, 2) }, false],
    ['with a token', { tokens: [cutToken] }, true],
    ['with more than a token', { tokens: [[...cutToken, 0]] }, false],
    ['with a token that is no list', { tokens: ['tt'] }, false],
    ['with a token without a name', { tokens: but(cutToken, 0, 7) }, false],
    ['with a token to no end', { tokens: but(cutToken, 1, 'never') }, false],
    ['with a stop', { stops: [broad] }, true],
    ['with a stop of all', { stops: [['st', null, null, null, now, 0, now + 60]] }, true],
    ['with a stop of one more condition', { stops: [[...broad, 'x']] }, false],
    ['with a stop that is no list', { stops: ['seven..'] }, false],
    ['with a stop without a name', { stops: but(broad, 0, '') }, false],
    ['with a stop of a client without a name', { stops: but(broad, 1, 7) }, false],
    ['with a stop of a mark without a name', { stops: but(broad, 2, '') }, false],
    ['with a stop of a person without a name', { stops: but(broad, 3, 7) }, false],
    ['with a stop at no time', { stops: but(broad, 4, null) }, false],
    ['with a stop that may stand', { stops: but(broad, 5, 2) }, false],
    ['with a stop to no end', { stops: but(broad, 6, null) }, false],
  ];
  for (const [name, change, isTaken] of table) {
    test(`${name}: ${isTaken ? 'taken' : 'none'}`, () => {
      assert.equal(check(change) !== undefined, isTaken);
    });
  }

  const foreign: [name: string, claims: JsonObject][] = [
    ['of another issuer', { iss: 'https://o.example' }],
    ['for another server', { aud: 'https://o.example' }],
    ['with an end', { exp: now }],
    ['with a subject', { sub: 'u' }],
    ['without events', { events: undefined }],
    ['about something else', { events: { other: payload } }],
  ];
  for (const [name, claims] of foreign) {
    test(`${name}: none`, () => assert.equal(check({}, claims), undefined));
  }

  test('another kind of token: none', () => assert.equal(check({}, {}, 'at+jwt'), undefined));
});

test('what is minted is read again, with conditions and without', async () => {
  const until = now + 60;
  const stops: BroadStop[] = [
    { id: 'a', client: 'app', from: 'mark', who: 'w', before: now, stands: true, until },
    { id: 'b', client: undefined, from: undefined, who: undefined, before: now, stands: false, until },
  ];
  const frame = { nonce: 'n', seq: 3, atMs: now * 1000 + 999, position: 7, complete: false, people: [], tokens: [] };
  const full: RevocationFrame = {
    ...frame,
    epoch: 'e',
    people: [
      { who: 'w', before: now, blocked: true, until },
      { who: 'v', before: now, blocked: false, until },
    ],
    tokens: [{ id: 't', until }],
    stops,
  };
  const bare: RevocationFrame = { ...frame, stops: [] };
  for (const each of [full, bare]) {
    const key = { kid: 'k', algorithm: 'ES256', sign: async () => new Uint8Array(64) };
    const jws = parseJws(await mintRevocationFrame(each, { ...expected, id: 'j' }, key));
    assert.ok(jws);
    assert.equal(jws.claims.iat, now);
    assert.deepEqual(checkRevocationFrame(jws as unknown as VerifiedJwt, expected), each);
    const said = (jws.claims.events as Record<string, object>)[revocationsEvent];
    assert.equal('stops' in (said ?? {}), each.stops.length > 0, 'a guard of before reads what has none');
  }
});
