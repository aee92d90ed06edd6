import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { usePostgres } from './contract/postgres-databases.ts';
import type { StoreWatch } from './group-commit.ts';
import { openPostgresStore } from './postgres.ts';
import { openSqliteStore } from './sqlite.ts';
import type { AuditRow, Commit, Store } from './store.ts';

const postgres = usePostgres();
const ways: [name: string, open: (watch: StoreWatch) => Promise<Store>][] = [
  ['SQLite', (watch) => openSqliteStore(':memory:', { node: 'one', watch })],
  ['PostgreSQL', async (watch) => openPostgresStore(await postgres.fresh(), { node: 'one', watch })],
];

const row = (id: string): AuditRow => ({
  id,
  kind: 'issuance',
  timeMs: 1,
  body: '{}',
  person: undefined,
  client: undefined,
  server: undefined,
  idJag: undefined,
  accessToken: undefined,
});
const commit = (id: string, mark: string): Commit => ({
  marks: [{ kind: 'id_jag', id: mark, until: 2_000_000_000 }],
  records: [row(id)],
});

for (const [name, open] of ways) {
  describe(`who looks on at a ${name} store is told`, () => {
    test('of each group how many and how long, and of the lines that became durable, of a lost race none', async () => {
      const groups: number[] = [];
      let lines = 0;
      const store = await open({
        group(units, milliseconds, failed) {
          assert.ok(milliseconds > 0 && !failed);
          groups.push(units);
        },
        lines(count) {
          lines += count;
        },
      });
      try {
        const before = { lines, groups: groups.length };
        await store.commit(commit('first', 'a'));
        await store.commit(commit('second', 'b'));
        assert.deepEqual([lines - before.lines, groups.slice(before.groups)], [2, [1, 1]]);
        const outcomes = await Promise.all(
          ['a', 'c', 'd', 'c'].map((mark, at) => store.commit(commit(`of-${at}`, mark))),
        );
        assert.deepEqual(
          outcomes.map(({ won }) => won),
          [false, true, true, false],
        );
        assert.equal(lines - before.lines, 4);
        assert.equal(
          groups.slice(before.groups).reduce((sum, units) => sum + units, 0),
          6,
        );
        await store.commit({ marks: [], records: [] });
        assert.equal(lines - before.lines, 4);
      } finally {
        await store.close();
      }
    });
  });
}
