import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostSkewSeconds } from '../config-schema.ts';
import { readNowMs, readPurgeTime } from './purge-time.ts';

const hour = 3_600_000;

for (const [name, ofDatabase, isOurs] of [
  ['there is no other', undefined, true],
  ["the database's is ahead", hour, true],
  ["the database's is behind", -hour, false],
] as const) {
  test(`RAS-12: of two clocks the one counts that keeps more: ${name}`, async () => {
    const from = Date.now();
    const clockMs = async () => (ofDatabase === undefined ? undefined : from + ofDatabase);
    const now = await readNowMs({ clockMs });
    assert.equal(now >= from, isOurs);
    const forgets = await readPurgeTime({ clockMs });
    assert.ok(Math.abs(now / 1000 - mostSkewSeconds - forgets) <= 2, 'and what other nodes may be off is left');
    assert.equal(Number.isInteger(forgets), true);
  });
}
