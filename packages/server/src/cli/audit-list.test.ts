import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type AuditRecord, toRow } from '../audit/record.ts';
import { openHome } from '../home.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

describe('credence audit list', () => {
  let folder: string;
  let store: Store;
  const issuer = 'http://localhost:4000';
  const now = Date.now();

  /** One of Erin's issuances a minute, of which every fifth is refused; and a redemption by her account. */
  const records = Array.from({ length: 30 }, (_, minutes): AuditRecord => {
    const isRefused = minutes % 5 === 0;
    return {
      v: 2,
      id: `d_${minutes}`,
      kind: isRefused ? 'decision' : 'issuance',
      domain: 'idp',
      timeMs: now - minutes * 60_000,
      outcome: isRefused ? 'refused' : 'allowed',
      ...(isRefused && { reason: 'policy_denied' }),
      person: 'u_erin',
      client: minutes === 7 ? '=cmd()' : 'claude-code',
      server: minutes % 2 === 0 ? 'tracker' : 'files',
      scopesAsked: ['issues:read'],
      correlation: `trace-${minutes}`,
    };
  }).reverse();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-list-'));
    const home = await openHome(join(folder, 'home'));
    store = await openSqliteStore(home.storeFile, { node: 'test' });
    const erin = { id: 'u_erin', source: 'local', email: 'erin@acme.example', name: 'Erin', active: true } as const;
    await store.people.save({ ...erin, groups: [], roles: [] });
    const account = await store.accounts.findOrCreate({ issuer, tenant: undefined, subject: 'u_erin' }, 'a_erin');
    const redemption = { kind: 'redemption', domain: 'ras', outcome: 'allowed', person: account.id } as const;
    const redeemed: AuditRecord = { v: 2, id: 'd_redeemed', timeMs: now - 90 * 60_000, ...redemption };
    const done = { v: 2, kind: 'policy', domain: 'admin', outcome: 'allowed', timeMs: now - 99 * 60_000 } as const;
    const acts: AuditRecord[] = [
      { ...done, id: 'd_by_hand', by: 'u_erin' },
      { ...done, id: 'd_by_token', by: 'u_erin', credential: 't_1' },
      { ...done, id: 'd_by_shell', by: 'cli:root' },
    ];
    await store.commit({ marks: [], records: [...acts, redeemed, ...records].map(toRow) });
  });
  after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  function list(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const words = [main, 'audit', 'list', ...args, '--home', join(folder, 'home')];
    return new Promise((resolve) => {
      execFile(process.execPath, words, (error, out, err) => resolve({ code: Number(error?.code ?? 0), out, err }));
    });
  }
  const idsIn = (out: string) => (JSON.parse(out) as { records: AuditRecord[] }).records.map(({ id }) => id);

  test('a person by their address: what they did, and what their account did', async () => {
    const { code, out } = await list('--person', 'erin@acme.example', '--json');
    assert.deepEqual([code, idsIn(out).length, idsIn(out)[0], idsIn(out).at(-1)], [0, 31, 'd_0', 'd_redeemed']);
  });

  test('by whom: an administrator by their address, a token by its id, the shell by its account', async () => {
    const of = async (...args: string[]) => idsIn((await list(...args, '--json')).out);
    assert.deepEqual(await of('--by', 'erin@acme.example'), ['d_by_token', 'd_by_hand']);
    assert.deepEqual(await of('--token', 't_1'), ['d_by_token']);
    assert.deepEqual(await of('--by', 'cli:root', '--by', 'u_erin', '--kind', 'policy'), [
      'd_by_shell',
      'd_by_token',
      'd_by_hand',
    ]);
  });

  test('filters narrow it, values of one filter widen it, newest first, for people', async () => {
    const { out } = await list('--outcome', 'refused', '--server', 'tracker', '--server', 'mail', '--from', '1h');
    assert.deepEqual(
      out
        .trim()
        .split('\n')
        .map((line) => /d_\d+/.exec(line)?.[0]),
      ['d_0', 'd_10', 'd_20'],
    );
    assert.match(out, /refused {2}decision {4}erin@acme\.example/);
    assert.match(out, /policy_denied\n/);
  });

  test('page after page', async () => {
    const args = ['--client', 'claude-code', '--limit', '12', '--json'];
    const first = JSON.parse((await list(...args)).out) as { records: AuditRecord[]; next: string };
    const second = (await list(...args, '--after', first.next)).out;
    assert.deepEqual([first.records.at(-1)?.id, idsIn(second)[0], idsIn(second).length], ['d_12', 'd_13', 12]);
    assert.match((await list('--limit', '1')).err, /^There is more: add --after \S+\n$/);
    assert.match((await list('--after', 'p1:7')).err, /must be what a page before said/);
  });

  test('CSV: no cell is a formula (T32)', async () => {
    const { out } = await list('--correlation', 'trace-7', '--csv');
    const [header, line, end] = out.split('\n');
    assert.match(header ?? '', /^time,id,kind,/);
    assert.match(line ?? '', /,d_7,issuance,.*,'=cmd\(\),/);
    assert.equal(end, '');
  });

  test('nothing found is said, with exit code 1', async () => {
    assert.deepEqual(await list('--client', 'nobody'), {
      code: 1,
      out: '',
      err: 'Nothing on the record is like that.\n',
    });
  });

  test('a reason, an outcome or a time that there is not: what it could have been', async () => {
    const reason = await list('--reason', 'policy_deny');
    assert.equal(reason.code, 2);
    assert.match(reason.err, /^credence: policy_deny is no reason\.\n {2}Did you mean policy_denied/);
    assert.match((await list('--outcome', 'denied')).err, /Give allowed or refused/);
    assert.match((await list('--from', 'soon')).err, /Give it as 2h/);
  });
});

test('all of a long record is listed, and shown by its end, in less memory than it takes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'credence-long-'));
  after(() => rm(folder, { recursive: true }));
  const home = await openHome(join(folder, 'home'));
  const store = await openSqliteStore(home.storeFile, { node: 'test' });
  const line = { v: 2, kind: 'system', domain: 'system', outcome: 'allowed', detail: 'x'.repeat(8000) } as const;
  const lines = 20_000;
  for (let n = 0; n < lines; n += 500) {
    const records = Array.from({ length: 500 }, (_, at) => toRow({ ...line, id: `o_${n + at}`, timeMs: n + at }));
    await store.commit({ marks: [], records });
  }
  await store.close();
  const count = (...args: string[]) =>
    new Promise<{ code: number; ids: number }>((resolve) => {
      const words = ['--max-old-space-size=96', main, 'audit', ...args, '--home', home.dir];
      const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
      let [ids, rest] = [0, ''];
      child.stdout.setEncoding('latin1').on('data', (text: string) => {
        const parts = (rest + text).split('"id":"o_');
        ids += parts.length - 1;
        rest = (parts.at(-1) ?? '').slice(-8);
      });
      child.on('close', (code) => resolve({ code: Number(code ?? -1), ids }));
    });
  assert.deepEqual(await count('list', '--limit', '999999', '--json'), { code: 0, ids: lines });
  assert.deepEqual(await count('tail', '-n', '999999', '--json'), { code: 0, ids: lines });
  assert.deepEqual(await count('tail', '-n', '7', '--json'), { code: 0, ids: 7 });
});
