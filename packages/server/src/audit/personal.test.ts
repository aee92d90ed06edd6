import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { personalFacts, readRecord } from './personal.ts';
import type { AuditRecord } from './record.ts';
import { splitRecord } from './split-record.ts';

const record: AuditRecord = {
  v: 2,
  id: 'd_1',
  kind: 'issuance',
  domain: 'idp',
  timeMs: 1_800_000_000_000,
  outcome: 'allowed',
  address: '192.0.2.1',
  client: 'claude-code',
  person: 'u_alice',
  inputs: { groups: ['engineering'], roles: [], acr: undefined, amr: ['pwd'], authTime: 1, now: 2 },
  detail: 'for alice@acme.example',
};

describe('what a record says of a person stands beside its line', () => {
  // The first salt of all. Written out: whoever verifies an export without this program needs no more than this.
  test('the line carries the SHA-256 of its text, which begins with 128 random bits', () => {
    const { body, personal = '' } = splitRecord(record);
    assert.match(personal, /^\{"salt":"[\w-]{22}","/);
    assert.equal(JSON.parse(body).personalHash, createHash('sha256').update(personal).digest('base64url'));
  });

  test('the line has none of it, and the two make the record again', () => {
    const { body, personal } = splitRecord(record);
    assert.doesNotMatch(body, /alice|192\.0\.2\.1|engineering/);
    assert.deepEqual(Object.keys(JSON.parse(body)), [
      ...['v', 'id', 'kind', 'domain', 'timeMs', 'outcome', 'client'],
      'personalHash',
    ]);
    assert.deepEqual(readRecord({ body, personal }), JSON.parse(JSON.stringify(record)));
  });

  test('the same record twice: two hashes, so that one that was erased cannot be guessed', () => {
    const hashes = Array.from({ length: 600 }, () => JSON.parse(splitRecord(record).body).personalHash);
    assert.equal(new Set(hashes).size, 600);
  });

  test('erased: what is left, and that something was', () => {
    const { body } = splitRecord(record);
    const { person: _, address: __, inputs: ___, detail: ____, ...rest } = record;
    assert.deepEqual(readRecord({ body }), { ...rest, erased: true });
  });

  test('a record about nobody has no such part', () => {
    const about = { v: 2, id: 'k_1', kind: 'key', domain: 'system', timeMs: 1, outcome: 'allowed' } as const;
    const split = splitRecord({ ...about, person: undefined } as unknown as AuditRecord);
    assert.equal(split.personal, undefined);
    assert.deepEqual(readRecord(split), about);
  });

  test('a line of version 1, from before, is read as it is', () => {
    const old = { ...record, v: 1 };
    assert.deepEqual(readRecord({ body: JSON.stringify(old) }), JSON.parse(JSON.stringify(old)));
  });

  for (const name of personalFacts) {
    test(`${name} is one of them`, () => {
      const split = splitRecord({ ...record, [name]: 'xyzzy' } as unknown as AuditRecord);
      assert.ok(!split.body.includes('xyzzy') && split.personal?.includes('xyzzy'));
    });
  }
});
