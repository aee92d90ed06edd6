import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { publishDocument, starterDocuments } from './documents.ts';
import { openSqliteStore } from './store/sqlite.ts';

test('nodes that start at once with the same document publish it once, and all of them start', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'credence-documents-'));
  const store = await openSqliteStore(':memory:', { node: 'one' });
  t.after(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });
  const file = join(dir, 'access.yaml');
  const options = {
    starter: starterDocuments.access,
    nowMs: 1_800_000_000_000,
    origins: { idp: 'http://localhost:4000', ras: 'http://localhost:4001' },
  };
  const outcomes = await Promise.all(Array.from({ length: 4 }, () => publishDocument(store, 'access', file, options)));
  assert.deepEqual(
    outcomes.map(({ version }) => version),
    [1, 1, 1, 1],
  );
  assert.equal(outcomes.filter(({ isNew }) => isNew).length, 1);
  assert.equal((await store.audit.last(10)).length, 1);
});
