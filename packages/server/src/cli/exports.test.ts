import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { toRow } from '../audit/record.ts';
import { numbered } from '../exports/fixtures.ts';
import { openHome } from '../home.ts';
import { openSqliteStore } from '../store/sqlite.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

test('an export is set to a time in UTC, as the record shows times, wherever whoever asks is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'credence-replay-'));
  after(() => rm(folder, { recursive: true }));
  const home = await openHome(join(folder, 'home'));
  await writeFile(home.configFile, 'exports: [{ name: siem, kind: stdout }]\n');
  const store = await openSqliteStore(home.storeFile, { node: 'test' });
  const hour = (at: number) => Date.UTC(2026, 10, 26, at);
  await store.commit({ marks: [], records: [1, 8, 9, 20].map((at) => toRow(numbered(at, { timeMs: hour(at) }))) });
  await store.close();
  const replay = (from: string) =>
    new Promise<string>((resolve) => {
      const words = [main, 'exports', 'replay', 'siem', '--from', from, '--home', home.dir];
      const env = { ...process.env, TZ: 'America/New_York' };
      execFile(process.execPath, words, { env }, (_, stdout, stderr) => resolve(stdout || stderr));
    });
  for (const [from, position] of [
    ['2026-11-26T08:00:00Z', 1],
    ['2026-11-26T08:00:00', 1],
    ['2026-11-26T08:30', 2],
    ['2026-11-26T03:30-05:00', 2],
    ['2026-11-26', 0],
    ['3', 3],
    ['end', 10], // each of these is on the record as well
  ] as const) {
    assert.equal(await replay(from), `siem goes on from position ${position}\n`, from);
  }
  assert.match(await replay('2026-02-31T08:00'), /is no time/);
  assert.match(await replay('noon'), /is no place of the record/);
});
