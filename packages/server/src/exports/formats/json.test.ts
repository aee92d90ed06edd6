import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assert as check, property, string } from 'fast-check';
import type { StoredAuditRow } from '../../store/store.ts';
import { toExported } from './exported.ts';
import { examples, exported, hostile } from './fixtures.ts';
import { toJson } from './json.ts';

describe('JSON lines', () => {
  test('one line to the letter', () => {
    assert.equal(
      toJson(exported(examples.sign_out)),
      '{"v":2,"id":"d_1","domain":"idp","timeMs":1800000000123,"outcome":"allowed","kind":"sign_out","person":"u_erin",' +
        '"chain":{"position":12,"node":"node-1","seq":7,"previousHash":"before","hash":"after"}}',
    );
  });

  for (const [kind, record] of Object.entries(examples)) {
    test(`${kind}: read again it is the record with its place`, () => {
      const { chain, ...rest } = JSON.parse(toJson(exported(record)));
      assert.deepEqual(rest, record);
      assert.equal(chain.seq, 7);
    });
  }

  test('a stored line becomes what its body says, with its place', () => {
    const chain = { position: 3, node: 'n', seq: 2, previousHash: 'a', hash: 'b' };
    const row: StoredAuditRow = { id: 'd_1', kind: 'alert', timeMs: 1, body: JSON.stringify(examples.alert), ...chain };
    assert.deepEqual(toExported(row), { ...examples.alert, chain });
  });

  test('T32: whatever text is read again as it was, and shows what it is', () => {
    check(
      property(string({ unit: 'binary', maxLength: 60 }), (text) => {
        for (const detail of [text, ...hostile]) {
          const line = toJson(exported({ ...examples.alert, detail }));
          assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
          assert.equal(JSON.parse(line).detail, detail);
        }
      }),
    );
    assert.ok(toJson(exported({ ...examples.alert, detail: '\u{e0041}' })).includes('\\udb40\\udc41'));
  });
});
