import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { row } from './contract/fixtures.ts';
import { openSqliteStore } from './sqlite.ts';

test('whoever looks for what was never given out writes nothing where nothing is new', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'credence-orphans-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'store.db');
  let groups = 0;
  const watch = { group: () => void groups++, lines: () => undefined };
  const store = await openSqliteStore(file, { node: 'one', watch });
  const database = new DatabaseSync(file);
  const versionOf = () => database.prepare('PRAGMA data_version').get()?.data_version;
  const look = () => store.orphans.lookFurther('id_jag', 10, async () => []);
  await look(); // begins here
  await store.commit({ marks: [], records: [row()] });
  const atFirst = versionOf();
  await look();
  const looked = versionOf();
  assert.notEqual(looked, atFirst, 'how far it has come');
  const groupsSoFar = groups;
  await look();
  assert.deepEqual([versionOf(), groups], [looked, groupsSoFar]);
  database.close();
  await store.close();
});

test('reads no text of lines that are not at hand', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'credence-orphans-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const one = await openSqliteStore(join(dir, 'store.db'), { node: 'one' });
  const other = await openSqliteStore(join(dir, 'store.db'), { node: 'other' });
  const look = () => one.orphans.lookFurther('id_jag', 10, async () => []);
  await look(); // begins here
  await other.commit({ marks: [], records: [row({ body: 'neither parsed nor needed', said: {} })] });
  assert.deepEqual(await look(), { alerts: [], isMore: false });
  await Promise.all([one.close(), other.close()]);
});
