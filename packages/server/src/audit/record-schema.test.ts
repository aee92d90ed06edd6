import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ReadRecord } from './personal.ts';
import { checkRecord, kinds, readWellFormed } from './record-schema.ts';

const doc = readFileSync(join(import.meta.dirname, '../../../../docs/operate/audit.md'), 'utf8');
/** The examples of the documentation: every JSON object of its own that has a kind. */
const examples = [...doc.matchAll(/^```json\n(.*?)^```/gms)]
  .map(([, text]) => JSON.parse(text ?? '') as ReadRecord & { readonly chain?: object; readonly personal?: object })
  .filter(({ kind }) => kind !== undefined);

describe('the form of a record', () => {
  for (const kind of Object.keys(kinds)) {
    test(`${kind}: docs/operate/audit.md shows one, and it is of that form`, () => {
      const [example] = examples.filter((one) => one.kind === kind);
      assert.ok(example, 'there is no example');
      assert.equal(checkRecord(example), undefined);
    });
  }

  test('one that is read for a test has to have it', () => {
    const well = { v: 2, id: 'k_1', kind: 'key', domain: 'system', timeMs: 1, outcome: 'allowed', detail: 'x' };
    assert.deepEqual(readWellFormed({ body: JSON.stringify(well) }), well);
    assert.throws(() => readWellFormed({ body: JSON.stringify({ ...well, detail: 5 }) }), /detail/);
  });

  const record = {
    v: 2,
    id: 'k_1',
    kind: 'key',
    domain: 'system',
    timeMs: 1,
    outcome: 'allowed',
    detail: 'x',
  } as const;
  const bad: [name: string, change: object, words: RegExp][] = [
    ['another version', { v: 3 }, /v /],
    ['no id', { id: '' }, /id /],
    ['another kind', { kind: 'keys' }, /no kind/],
    ['a kind that every object has', { kind: 'constructor' }, /no kind/],
    ['another domain', { domain: 'elsewhere' }, /domain/],
    ['half a millisecond', { timeMs: 0.5 }, /timeMs/],
    ['another outcome', { outcome: 'maybe' }, /outcome/],
    ['a fact of another kind of record', { tool: 'x' }, /unrecognized/i],
    ['a fact of another type', { detail: 5 }, /detail/],
    ['a fact that is missing', { detail: undefined }, /detail/],
    ['a reason that is a sentence', { reason: 'No, thanks.' }, /reason/],
  ];
  for (const [name, change, words] of bad) {
    test(`${name} is not one`, () => {
      assert.match(checkRecord({ ...record, ...change } as unknown as ReadRecord) ?? '', words);
    });
  }

  test('erased: what told of people may be missing, everything else not', () => {
    const { detail: _, ...erased } = record;
    assert.equal(checkRecord(erased, { erased: true }), undefined);
    const call = { ...record, kind: 'tool_call', person: 'u', client: 'c' } as const;
    assert.match(checkRecord(call, { erased: true }) ?? '', /server/);
  });

  test('a line of another version may carry any fact that is known, and no other', () => {
    const call = { ...record, tool: 'x' };
    assert.equal(checkRecord(call, { how: 'loose' }), undefined);
    assert.match(checkRecord({ ...call, more: 1 } as unknown as ReadRecord, { how: 'loose' }) ?? '', /more/);
  });

  test('version 1, which told of people in the line itself', () => {
    assert.equal(checkRecord({ ...record, v: 1 } as unknown as ReadRecord), undefined);
  });
});
