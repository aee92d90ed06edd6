import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseExportLine, toExportLine } from './export-line.ts';

const chain = { position: 1, node: 'one', seq: 1, previousHash: 'p', hash: 'h' };
const body = JSON.stringify({ id: 'd_1', kind: 'issuance', timeMs: 1, personalHash: 'x' });
const personal = JSON.stringify({ salt: 's', by: 'u_dana' });
const line = (change: object) =>
  JSON.stringify({ ...JSON.parse(body), personal: JSON.parse(personal), chain, ...change });

describe('a line of an export', () => {
  test('is taken apart into what was hashed, and what stands beside it', () => {
    const row = { id: 'd_1', kind: 'issuance', timeMs: 1, body, personal, ...chain };
    const found = parseExportLine(toExportLine(row as Parameters<typeof toExportLine>[0]));
    assert.deepEqual(found, {
      body,
      personal,
      personalHash: 'x',
      chain,
      record: { id: 'd_1', kind: 'issuance', timeMs: 1, by: 'u_dana' },
    });
    const erased = parseExportLine(line({ personal: null }));
    assert.ok(erased && 'personal' in erased && erased.personal === undefined);
    const none = JSON.stringify({ id: 'd_1', kind: 'issuance', timeMs: 1, chain });
    assert.ok(parseExportLine(none));
    assert.deepEqual(parseExportLine('{"checkpoint":"a.b.c"}'), { checkpoint: 'a.b.c' });
    assert.deepEqual(parseExportLine('{"start":{"size":2,"peaks":[]}}'), { start: { size: 2, peaks: [] } });
  });

  for (const text of [
    '',
    'x',
    '5',
    'null',
    '[]',
    '"x"',
    '{}',
    '{"checkpoint":5}',
    '{"checkpoint":"a","more":1}',
    '{"checkpoint":"a","checkpoint":"b"}',
    '{"start":{"size":0,"peaks":[]}}',
    '{"start":{"size":2,"peaks":[]},"more":1}',
    line({ personalHash: 5 }),
    line({ personalHash: undefined }),
    line({ personal: undefined }),
    line({ personal: 'x' }),
    line({ personal: 5 }),
    line({ personal: [] }),
    line({ chain: { ...chain, position: 0 } }),
    line({ chain: { ...chain, more: 1 } }),
    line({ id: 5 }),
    line({}).replace('"kind":', '"kind":"refusal","kind":'),
  ]) {
    test(`is none: ${text}`, () => assert.equal(parseExportLine(text), undefined));
  }
});
