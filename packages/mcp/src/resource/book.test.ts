import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { type AccessToken, type BroadStop, type RevocationFrame, toWhoInput } from '../protocol/index.ts';
import { openBook } from './book.ts';

const [resource, now] = ['https://r.example', 1_800_000_000];
const who = (subject: string) => createHash('sha256').update(toWhoInput(resource, subject)).digest('base64url');
const token: AccessToken = {
  issuer: 'https://a.example',
  subject: 'a_1',
  clientId: 'app',
  id: 't_1',
  resource,
  scopes: [],
  issuedAt: now,
  expiresAt: now + 600,
  keyThumbprint: undefined,
  lineage: 'aaa.kkk',
};
const frame = (...stops: Partial<BroadStop>[]): RevocationFrame => {
  const none = { client: undefined, from: undefined, who: undefined, before: 0, stands: true, until: now + 10 };
  const list = stops.map((change) => ({ id: 'st_1.0', ...none, ...change }));
  return { nonce: 'n', seq: 1, atMs: 0, position: 1, complete: true, people: [], tokens: [], stops: list };
};

describe('SIG-02: stops in the book of a guard', () => {
  const table: [name: string, stop: Partial<BroadStop>, verdict: 'holds' | 'revoked'][] = [
    ['all tokens here', {}, 'revoked'],
    ['of its client', { client: 'app' }, 'revoked'],
    ['of another client', { client: 'other' }, 'holds'],
    ['of what it descends from', { from: 'kkk' }, 'revoked'],
    ['of something else', { from: 'bbb' }, 'holds'],
    ['of its person', { who: who('a_1') }, 'revoked'],
    ['of another person', { who: who('a_2') }, 'holds'],
    ['of its client, but another issuer', { client: 'app', from: 'bbb' }, 'holds'],
    ['over, and the token is from before', { stands: false, before: now }, 'revoked'],
    ['over, and the token is younger', { stands: false, before: now - 1 }, 'holds'],
  ];
  for (const [name, stop, verdict] of table) {
    test(`${name}: ${verdict}`, async () => {
      const book = openBook(resource);
      assert.equal(book.judge(token), 'holds', 'at once, while nothing is known');
      assert.equal(book.take(frame(stop)), true);
      assert.equal(await book.judge(token), verdict);
      assert.equal(book.judge(token), verdict, 'at once, from the second time on');
    });
  }

  test('a token that does not say what it descends from may descend from anything', async () => {
    const book = openBook(resource);
    book.take(frame({ from: 'bbb' }));
    assert.equal(await book.judge({ ...token, lineage: undefined }), 'revoked');
  });

  test('the end of a stop takes its place, and times only grow (T20)', async () => {
    const book = openBook(resource);
    book.take(frame({}));
    book.take(frame({ stands: false, before: now + 5 }));
    assert.equal(await book.judge({ ...token, issuedAt: now + 5 }), 'revoked');
    assert.equal(await book.judge({ ...token, issuedAt: now + 6 }), 'holds');
    book.take(frame({ stands: false, before: now }));
    assert.equal(await book.judge({ ...token, issuedAt: now + 5 }), 'revoked');
  });

  test('what is over is forgotten when nothing is left that it concerns; what stands never', async () => {
    const book = openBook(resource);
    book.take(frame({ stands: false, before: now }, { id: 'st_2.0', client: 'app' }));
    book.forget(now + 1000);
    assert.equal(await book.judge({ ...token, clientId: 'other' }), 'holds');
    assert.equal(await book.judge(token), 'revoked');
  });

  test('a stop is forgotten in the second after its last', async () => {
    const book = openBook(resource);
    book.take(frame({ stands: false, before: now }));
    book.forget(now + 10);
    assert.equal(await book.judge(token), 'revoked');
    book.forget(now + 11);
    assert.equal(await book.judge(token), 'holds');
  });

  test('a frame without news is none', () => assert.equal(openBook(resource).take(frame()), false));
});

describe('SIG-02: people and tokens in the book of a guard', () => {
  const until = now + 10;
  const told = (...people: Partial<RevocationFrame['people'][number]>[]): RevocationFrame => {
    const cut = { who: who('a_1'), before: 0, blocked: false, until };
    return { ...frame(), people: people.map((change) => ({ ...cut, ...change })) };
  };
  const revoked = (...ids: string[]): RevocationFrame => ({ ...frame(), tokens: ids.map((id) => ({ id, until })) });
  const table: [name: string, change: Partial<RevocationFrame['people'][number]>, verdict: string][] = [
    ['cut off after it was issued', { before: now }, 'revoked'],
    ['cut off before it was issued', { before: now - 1 }, 'holds'],
    ['blocked', { blocked: true }, 'revoked'],
    ['somebody else', { who: who('a_2'), blocked: true }, 'holds'],
  ];
  for (const [name, change, verdict] of table) {
    test(`${name}: ${verdict}`, async () => {
      const book = openBook(resource);
      assert.equal(book.take(told(change)), true);
      assert.equal(await book.judge(token), verdict);
    });
  }

  test('of one person the later of two counts, whichever came first (T20)', async () => {
    const book = openBook(resource);
    book.take(told({ before: now, until: now + 20 }));
    book.take(told({ before: now - 5 }));
    assert.equal(await book.judge(token), 'revoked');
    book.forget(now + 20);
    assert.equal(await book.judge(token), 'revoked');
    book.forget(now + 21);
    assert.equal(await book.judge(token), 'holds');
  });

  test('a token that was revoked is known by its id, until nobody would take it any more', () => {
    const book = openBook(resource);
    assert.equal(book.take(revoked('t_1')), true);
    assert.deepEqual([book.judge(token), book.isRevoked('t_1'), book.isRevoked('t_2')], ['revoked', true, false]);
    book.forget(until);
    assert.equal(book.isRevoked('t_1'), true);
    book.forget(until + 1);
    assert.equal(book.isRevoked('t_1'), false);
  });

  test('names of ten thousand people are kept at hand, the oldest goes first', async () => {
    const book = openBook(resource);
    book.take(told({ blocked: true }));
    const isAtHand = async (subject: string) => {
      const verdict = book.judge({ ...token, subject });
      await verdict;
      return typeof verdict === 'string';
    };
    assert.deepEqual([await isAtHand('s0'), await isAtHand('s1'), await isAtHand('s0')], [false, false, true]);
    for (let at = 2; at < 10_000; at += 1) await isAtHand(`s${at}`);
    assert.deepEqual([await isAtHand('s0'), await isAtHand('s10000'), await isAtHand('s1')], [true, false, true]);
    assert.equal(await isAtHand('s0'), false);
  });
});
