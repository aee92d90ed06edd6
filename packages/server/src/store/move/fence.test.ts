import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { erin } from '../contract/fixtures.ts';
import { openSqliteStore } from '../sqlite.ts';
import { StoreUnavailable } from '../store.ts';
import { lowerFence, raiseFence, readAway } from './fence.ts';

test('T22: a closed store takes nothing, and is not opened half', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'credence-fence-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'store.db');
  const store = await openSqliteStore(file, { node: 'one' });
  const database = new DatabaseSync(file);
  const away = { state: 'moved', to: 'credence at db.acme.example', move: 'm_1', at: 1_800_000_000 } as const;
  raiseFence(database, away);
  assert.deepEqual(readAway(database), away);
  await assert.rejects(store.people.save(erin()), StoreUnavailable);

  const failed = new Error('what had to happen in the same step');
  const fail = () => {
    throw failed;
  };
  assert.throws(() => lowerFence(database, fail), failed);
  assert.deepEqual([database.isTransaction, readAway(database)], [false, away]);
  await assert.rejects(store.people.save(erin()), StoreUnavailable);

  lowerFence(database, () => undefined);
  assert.equal(readAway(database), undefined);
  await store.people.save(erin());
  database.close();
  await store.close();
});
