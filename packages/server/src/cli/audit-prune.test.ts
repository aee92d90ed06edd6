import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readRecord } from '../audit/personal.ts';
import { toRow } from '../audit/record.ts';
import { numbered } from '../exports/fixtures.ts';
import { openHome } from '../home.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const dayMs = 86_400_000;

describe('credence audit prune', () => {
  let folder: string;
  let store: Store;
  const configure = (settings: object) => writeFile(join(folder, 'home', 'credence.yaml'), JSON.stringify(settings));

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-prune-'));
    const home = await openHome(join(folder, 'home'));
    store = await openSqliteStore(home.storeFile, { node: 'test' });
    const timeMs = Date.now() - 50 * dayMs;
    const records = Array.from({ length: 1100 }, (_, at) => toRow(numbered(at + 1, { timeMs: timeMs + at })));
    await store.commit({ marks: [], records });
    await store.seals.append({ number: 1, size: 1100, root: 'root', timeMs, statement: 'signed' }, []);
    while ((await store.auditSearch.indexFurther()) > 0);
  });
  after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  async function checkpointOf(pruned: number): Promise<void> {
    const claims = { number: 2, size: 1101, root: 'x'.repeat(43), timeMs: 1, pruned };
    const [head, body] = [{ alg: 'ES256' }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    await store.seals.append({ ...claims, statement: `${head}.${body}.c2ln` }, []);
  }

  function prune(...flags: string[]): Promise<{ code: number; said: string }> {
    const words = [main, 'audit', 'prune', ...flags, '--home', join(folder, 'home')];
    return new Promise((resolve) => {
      execFile(process.execPath, words, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), said: stdout + stderr }),
      );
    });
  }

  test('a record that is kept for ever stays', async () => {
    const { code, said } = await prune();
    assert.equal(code, 2);
    assert.match(said, /keeps the record for ever/);
  });

  test('kept for longer than it is old: nothing goes', async () => {
    await configure({ retention: { audit: '60d' } });
    assert.equal((await prune()).said, '0 lines removed; the record begins behind position 0\n');
  });

  test('a dry run says what would go and changes nothing; an export that is behind keeps it, and that is said', async () => {
    await configure({ retention: { audit: '40d' } });
    assert.match((await prune('--dry-run')).said, /^1024 lines would go, written up to \d{4}-\S+Z\n$/);
    assert.equal((await store.audit.read(0, 1))[0]?.position, 1);
    const exports = [{ name: 'siem', kind: 'stdout' }];
    await configure({ retention: { audit: '40d' }, exports });
    assert.match(
      (await prune()).said,
      /^0 lines removed;.*\nolder lines stay for now: the export siem has not sent them yet\n$/,
    );
  });

  test('what may go is gone, and the record says who had it done', async () => {
    await configure({ retention: { audit: '40d' } });
    const running = prune('--json');
    while (!(await store.retention.last())) await wait(20);
    assert.equal((await store.audit.read(0, 1))[0]?.position, 1, 'nothing goes before a checkpoint says so');
    await checkpointOf(1024);
    const { code, said } = await running;
    const { from, to, removed, waits, dryRun } = JSON.parse(said);
    assert.deepEqual([code, from, to, removed, waits, dryRun], [0, 0, 1024, 1024, false, false]);
    assert.equal((await store.audit.read(0, 1))[0]?.position, 1025);
    const [last] = await store.audit.last(1);
    const { kind, detail } = readRecord(last ?? { body: '{}' });
    assert.equal(kind, 'admin');
    assert.match(String(detail), /^record pruned up to position 1024, kept for 40 days, by command as /);
    assert.match((await prune()).said, /^0 lines removed; the record begins behind position 1024\n/);
  });
});
