import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { row } from '../contract/fixtures.ts';
import { openSqliteStore } from '../sqlite.ts';

const kept = [
  'SELECT * FROM audit_sums ORDER BY side, about, span, day, id',
  'SELECT * FROM agent_people ORDER BY person_id',
  'SELECT position, meetings FROM agent_uses_read',
];

test('an upgrade adds up what is there to what is kept from the first line on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'credence-sums-'));
  const path = join(folder, 'store.db');
  try {
    const store = await openSqliteStore(path, { node: 'one' });
    for (const id of ['u_a', 'u_b']) {
      const email = `${id}@acme.example`;
      await store.people.save({ id, source: 'local', email, name: id, groups: [], roles: [], active: true });
    }
    const records = Array.from({ length: 1200 }, (_, at) =>
      row({
        kind: ['issuance', 'redemption', 'decision'][at % 3] ?? '',
        timeMs: at * 7_200_000,
        person: `u_${'abc'.charAt(at % 3)}`,
        client: `client-${at % 5}`,
        server: `server-${at % 7}`,
        body: JSON.stringify({ domain: at % 3 === 1 ? 'ras' : 'idp', outcome: at % 3 === 2 ? 'refused' : 'allowed' }),
      }),
    );
    await store.commit({ marks: [], records });
    while ((await store.auditSearch.indexFurther()) > 0);
    while ((await store.agentUses.catchUp(500)) > 0);
    await store.close();

    const database = new DatabaseSync(path);
    const dump = (from: DatabaseSync) => kept.map((query) => from.prepare(query).all());
    const before = dump(database);
    assert.ok(before.every((rows) => rows.length > 0));
    database.exec('DROP TABLE audit_sums; DROP TABLE agent_people; DROP INDEX people_active');
    database.exec('ALTER TABLE agent_uses_read DROP COLUMN meetings');
    database.exec(`DELETE FROM kysely_migration WHERE name = '0026-sums'`);
    database.close();
    await (await openSqliteStore(path, { node: 'two' })).close();

    const upgraded = new DatabaseSync(path);
    assert.deepEqual(dump(upgraded), before);
    upgraded.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
