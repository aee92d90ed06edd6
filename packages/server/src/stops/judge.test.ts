import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hit, Resumption, Stop } from '../store/stop.ts';
import { issuerMark, keyMark, marksOf } from './descent.ts';
import {
  type Asking,
  checkAsking,
  checkGrant,
  checkRedeeming,
  isResourceStopped,
  isStoppedAtSignIn,
  isTokenStopped,
  type Redeeming,
  toStopIndex,
} from './judge.ts';

const at = 1_800_000_000;
const ended: Resumption = { at, by: 'd', reason: 'r', grantsBefore: at, tokensBefore: at + 10, until: at + 3720 };
const stopOf = (hit: Hit, resumed?: Resumption): Stop => ({
  id: `st_${hit.what}`,
  kind: 'client',
  target: 't',
  hits: [hit],
  reason: 'r',
  by: 'd',
  at,
  resumed,
  position: 1,
});
const indexOf = (hit: Hit, resumed?: Resumption) => toStopIndex([stopOf(hit, resumed)]);

const asking: Asking = { client: 'app', person: 'u_1', session: 's_1', kid: 'k_1', issuedAt: at };
const trusted = (issuer: string, tenant?: string) => ({ issuer, tenant }) as Parameters<typeof marksOf>[0];
const { marks, lineage } = marksOf(trusted('https://a.example', 't'), 'k_1');
const redeeming: Redeeming = {
  marks,
  idJag: 'j_1',
  issuedAt: at,
  client: 'app',
  resource: 'https://r.example',
  account: 'a_1',
};
const token = { clientId: 'app', resource: 'https://r.example', subject: 'a_1', lineage, issuedAt: at };

test('nothing is stopped: none, and nobody is refused', () => {
  const index = toStopIndex([]);
  assert.equal(index.none, true);
  assert.equal(checkAsking(index, asking), undefined);
  assert.equal(checkGrant(index, { server: 's', because: ['r'], kid: 'k' }), undefined);
  assert.equal(checkRedeeming(index, redeeming), undefined);
  assert.equal(isTokenStopped(index, token), false);
  assert.equal(isResourceStopped(index, token.resource), false);
});

test('what is only told to others stops nothing here', () => {
  assert.equal(indexOf({ at: 'told', what: 'everything', value: '' }).none, true);
});

test('IDP-38: of each issuer it is known how many stops it has said, and ours are nobody’s', () => {
  const a = issuerMark('https://a.example');
  const hits: Omit<Hit, 'at'>[] = [
    { what: 'issuer', value: a },
    { what: 'client', value: 'app', from: a },
    { what: 'client', value: 'app' },
    { what: 'key', value: keyMark('https://a.example', 'k_1') },
  ];
  const { saidBy } = toStopIndex(hits.map((hit) => stopOf({ at: 'ras', ...hit })));
  assert.deepEqual([...saidBy], [[a, 2]]);
});

describe('who asks for an ID-JAG', () => {
  const table: [what: Hit['what'], value: string, refusal: string][] = [
    ['everything', '', 'everything_stopped'],
    ['key', 'k_1', 'key_stopped'],
    ['client', 'app', 'client_stopped'],
    ['person', 'u_1', 'person_stopped'],
    ['session', 's_1', 'session_stopped'],
  ];
  for (const [what, value, refusal] of table) {
    test(`${what}: ${refusal} while it stands, whenever it was issued; then what is from before`, () => {
      const hit: Hit = { at: 'idp', what, value };
      assert.equal(checkAsking(indexOf(hit), { ...asking, issuedAt: at + 99 }), refusal);
      assert.equal(checkAsking(indexOf(hit, ended), asking), 'subject_token_before_stop');
      assert.equal(checkAsking(indexOf(hit, ended), { ...asking, issuedAt: at + 1 }), undefined);
      assert.equal(checkAsking(indexOf({ ...hit, at: 'ras' }), asking), undefined);
      if (value !== '') assert.equal(checkAsking(indexOf({ ...hit, value: `${value}x` }), asking), undefined);
    });
  }

  test('a refresh token has no key to be stopped by', () => {
    assert.equal(
      checkAsking(indexOf({ at: 'idp', what: 'key', value: 'k_1' }), { ...asking, kid: undefined }),
      undefined,
    );
  });

  test('of two stops of one thing the standing one counts, and the later end of the others', () => {
    const hit: Hit = { at: 'idp', what: 'client', value: 'app' };
    for (const order of [
      [undefined, ended],
      [ended, undefined],
    ]) {
      const index = toStopIndex(order.map((resumed) => stopOf(hit, resumed)));
      assert.equal(checkAsking(index, { ...asking, issuedAt: at + 99 }), 'client_stopped');
    }
    const later = { ...ended, grantsBefore: at + 5 };
    for (const order of [
      [later, ended],
      [ended, later],
    ]) {
      const index = toStopIndex(order.map((resumed) => stopOf(hit, resumed)));
      assert.equal(checkAsking(index, { ...asking, issuedAt: at + 5 }), 'subject_token_before_stop');
      assert.equal(checkAsking(index, { ...asking, issuedAt: at + 6 }), undefined);
    }
  });

  test('at sign-in only what stands counts', () => {
    const hit: Hit = { at: 'idp', what: 'person', value: 'u_1' };
    assert.equal(isStoppedAtSignIn(indexOf(hit), 'person', 'u_1'), true);
    assert.equal(isStoppedAtSignIn(indexOf(hit), 'client', 'u_1'), false);
    assert.equal(isStoppedAtSignIn(indexOf(hit, ended), 'person', 'u_1'), false);
  });
});

describe('what would be granted', () => {
  const grant = { server: 's_1', because: ['one', 'two'], kid: 'k_1' };
  const table: [what: Hit['what'], value: string, refusal: string | undefined][] = [
    ['server', 's_1', 'server_stopped'],
    ['rule', 'two', 'rule_stopped'],
    ['key', 'k_1', 'key_stopped'],
    ['server', 's_2', undefined],
    ['rule', 'three', undefined],
    ['key', 'k_2', undefined],
    ['client', 'one', undefined],
  ];
  for (const [what, value, refusal] of table) {
    test(`${what} ${value}: ${refusal ?? 'goes on'}`, () => {
      assert.equal(checkGrant(indexOf({ at: 'idp', what, value }), grant), refusal);
      assert.equal(checkGrant(indexOf({ at: 'idp', what, value }, ended), grant), undefined, 'over is over');
    });
  }
});

describe('what is redeemed, and what came of it', () => {
  const a = issuerMark('https://a.example');
  const table: [name: string, hit: Omit<Hit, 'at'>, refusal: string | undefined, ofTokens?: boolean][] = [
    ['everything', { what: 'everything', value: '' }, 'everything_stopped'],
    ['the issuer', { what: 'issuer', value: a }, 'issuer_stopped'],
    ['its tenant', { what: 'issuer', value: issuerMark('https://a.example', 't') }, 'issuer_stopped'],
    ['another tenant', { what: 'issuer', value: issuerMark('https://a.example', 'u') }, undefined],
    ['another issuer', { what: 'issuer', value: issuerMark('https://b.example') }, undefined],
    ['the key', { what: 'key', value: keyMark('https://a.example', 'k_1') }, 'key_stopped'],
    ['a key of that name, of another', { what: 'key', value: keyMark('https://b.example', 'k_1') }, undefined],
    ['the client', { what: 'client', value: 'app' }, 'client_stopped'],
    ['the client, as far as the issuer goes', { what: 'client', value: 'app', from: a }, 'client_stopped'],
    [
      'the client, of another issuer',
      { what: 'client', value: 'app', from: issuerMark('https://b.example') },
      undefined,
    ],
    ['another client', { what: 'client', value: 'a_1' }, undefined],
    ['the server', { what: 'server', value: 'https://r.example' }, 'server_stopped'],
    ['another server', { what: 'server', value: 'https://r.example/' }, undefined],
    ['the account', { what: 'account', value: 'a_1' }, 'person_stopped'],
    ['another account', { what: 'account', value: 'app' }, undefined],
    ['this ID-JAG', { what: 'id_jag', value: 'j_1' }, 'id_jag_stopped', false],
    ['another', { what: 'id_jag', value: 'j_2' }, undefined],
  ];
  for (const [name, about, refusal, ofTokens = refusal !== undefined] of table) {
    test(`${name}: ${refusal ?? 'goes on'}`, () => {
      const hit: Hit = { at: 'ras', ...about };
      assert.equal(checkRedeeming(indexOf(hit), { ...redeeming, issuedAt: at + 99 }), refusal);
      assert.equal(isTokenStopped(indexOf(hit), { ...token, issuedAt: at + 99 }), ofTokens);
      const over = refusal === undefined ? undefined : 'id_jag_before_stop';
      assert.equal(checkRedeeming(indexOf(hit, ended), redeeming), over);
      assert.equal(checkRedeeming(indexOf(hit, ended), { ...redeeming, issuedAt: at + 1 }), undefined);
      // Two clocks (ADR 0024): tokens go by ours.
      assert.equal(isTokenStopped(indexOf(hit, ended), { ...token, issuedAt: at + 10 }), ofTokens);
      assert.equal(isTokenStopped(indexOf(hit, ended), { ...token, issuedAt: at + 11 }), false);
      assert.equal(checkRedeeming(indexOf({ ...hit, at: 'idp' }), redeeming), undefined);
      assert.equal(isTokenStopped(indexOf({ ...hit, at: 'idp' }), token), false);
    });
  }

  test('a cut refuses nothing new', () => {
    const cut = indexOf({ at: 'ras', what: 'server', value: token.resource, cut: true });
    assert.equal(checkRedeeming(cut, redeeming), 'id_jag_before_stop');
    assert.equal(checkRedeeming(cut, { ...redeeming, issuedAt: at + 2 }), 'id_jag_before_stop');
    assert.equal(checkRedeeming(cut, { ...redeeming, issuedAt: at + 3 }), undefined);
    assert.equal(isTokenStopped(cut, token), true);
    assert.equal(isTokenStopped(cut, { ...token, issuedAt: at + 2 }), true);
    assert.equal(isTokenStopped(cut, { ...token, issuedAt: at + 3 }), false);
  });

  test('an account that is not known yet is nobody', () => {
    const index = indexOf({ at: 'ras', what: 'account', value: 'a_1' });
    assert.equal(checkRedeeming(index, { ...redeeming, account: undefined }), undefined);
  });

  test('a token that does not say what it descends from falls with any stop of an ancestor, and with no other', () => {
    const old = { ...token, lineage: undefined };
    assert.equal(
      isTokenStopped(indexOf({ at: 'ras', what: 'issuer', value: issuerMark('https://b.example') }), old),
      true,
    );
    assert.equal(isTokenStopped(indexOf({ at: 'ras', what: 'client', value: 'other' }), old), false);
  });

  test('a server is concerned by every stop but those of other servers and single ID-JAGs', () => {
    const concerned = (what: Hit['what'], value: string) =>
      isResourceStopped(indexOf({ at: 'ras', what, value }), 'https://r.example');
    assert.deepEqual(
      [concerned('server', 'https://r.example'), concerned('client', 'x'), concerned('everything', '')],
      [true, true, true],
    );
    assert.deepEqual([concerned('server', 'https://s.example'), concerned('id_jag', 'j')], [false, false]);
  });
});

test('marks of an issuer are worked out once for each of a hundred keys, and not for ever', () => {
  const entry = trusted('https://c.example');
  const first = marksOf(entry, 'k0');
  for (let n = 1; n < 100; n++) marksOf(entry, `k${n}`);
  assert.equal(marksOf(entry, 'k0'), first);
  marksOf(entry, 'k100');
  assert.notEqual(marksOf(entry, 'k0'), first, 'with one more they are forgotten');
  assert.deepEqual(marksOf(entry, 'k0'), first, 'and worked out again');
});
