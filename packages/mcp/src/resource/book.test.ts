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

  test('a frame without news is none', () => assert.equal(openBook(resource).take(frame()), false));
});
