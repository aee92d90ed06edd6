import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPinned, withSeen } from './pinned.ts';

const keys = [{ kty: 'OKP', kid: 'k1', crv: 'Ed25519', x: 'x' }];

test('what was pinned is read again', () => {
  const pinned = { keys, atMs: 5, seen: { statement: 'a.b.c', number: 7, timeMs: 6 } };
  assert.deepEqual(readPinned(JSON.stringify(pinned)), pinned);
  assert.deepEqual(readPinned(JSON.stringify({ keys, atMs: 5, seen: { number: 7 } })), { keys, atMs: 5 });
});

test('keys that a verified checkpoint announced are pinned with it, and none in the place of another', () => {
  const [key] = keys as [(typeof keys)[0]];
  const seen = { statement: 'a.b.c', number: 7, timeMs: 6 };
  const announced = [
    { ...key, x: 'another' },
    { ...key, kid: 'k2' },
  ];
  const both = [key, { ...key, kid: 'k0' }];
  assert.deepEqual(withSeen({ keys: both, atMs: 5 }, { ...seen, announced }), {
    keys: [...both, { ...key, kid: 'k2' }],
    atMs: 5,
    seen,
  });
});

test('nothing, or what we did not write, is nothing pinned', () => {
  for (const text of [
    null,
    '',
    'x',
    '{}',
    '{"keys":[],"atMs":1}',
    '{"keys":[{}],"atMs":1}',
    '{"keys":[null],"atMs":1}',
    '{"keys":[{"kid":"k"},{}],"atMs":1}',
  ]) {
    assert.equal(readPinned(text), undefined, String(text));
  }
  assert.equal(readPinned(JSON.stringify({ keys })), undefined);
});
