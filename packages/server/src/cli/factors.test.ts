import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readRecord } from '../audit/personal.ts';
import { hashOnceCode } from '../directory/once-codes.ts';
import { openHome } from '../home.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

describe('credence person factors', () => {
  let folder: string;
  let store: Store;
  const person = { id: 'u_erin', source: 'local', email: 'erin@acme.example', name: 'Erin', active: true } as const;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-factors-'));
    const home = await openHome(join(folder, 'home'));
    store = await openSqliteStore(home.storeFile, { node: 'test' });
    await store.people.save({ ...person, groups: [], roles: [] });
    await store.people.setPasswordHash(person.id, '$argon2id$...');
    await store.people.save({ ...person, id: 'u_upstream', email: 'from@upstream.example', groups: [], roles: [] });
  });
  after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  /** In a process of its own, as the operator runs it. */
  function command(...args: string[]): Promise<{ code: number; said: string }> {
    const words = [main, 'person', 'factors', ...args, '--home', join(folder, 'home')];
    return new Promise((resolve) => {
      execFile(process.execPath, words, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), said: stdout + stderr }),
      );
    });
  }
  const lastRecord = async () => readRecord((await store.audit.last(1))[0] ?? { body: '{}' });
  const addApp = () =>
    store.factors.add(
      {
        id: 'f_1',
        personId: person.id,
        kind: 'totp',
        name: 'Phone\u001b[31m',
        material: 'credence-sealed-1.secret',
        credentialId: undefined,
        isSynced: false,
        counter: 1,
        createdAt: 1_800_000_000,
        lastUsedAt: undefined,
      },
      { now: 1, recoveryCodes: ['h1', 'h2'], records: [] },
    );

  test('invite prints a code that is good for a day; the store and the record do not hold it', async () => {
    const { code, said } = await command('invite', person.email, '--json');
    const invited = JSON.parse(said) as { code: string; until: string };
    assert.equal(code, 0);
    const hash = hashOnceCode(invited.code) ?? '';
    const almost = Math.floor(Date.parse(invited.until) / 1000) - 1;
    assert.ok(Math.abs(almost - Date.now() / 1000 - 86_400) < 60);
    assert.equal(await store.factors.hasEnrolmentCode(person.id, hash, almost), true);
    const record = await lastRecord();
    assert.deepEqual([record.kind, record.person, record.factor], ['factor', person.id, { kind: 'enrolment_code' }]);
    assert.match(String(record.detail), /^enrolment code made, by command as /);
    assert.ok(!JSON.stringify(record).includes(invited.code));
    assert.match((await command('invite', person.email)).said, /^[0-9a-z-]{29}\n {2}good once, until /);
  });

  test('list shows names and dates, no secret, and no control characters', async () => {
    assert.equal((await command('list', person.email)).said, 'No second factor.\n');
    await addApp();
    const { said } = await command('list', person.email);
    assert.match(
      said,
      /^totp {6}Phone\\u\{1b\}\[31m .*added 2027-01-15 {2}never used {2}f_1\nrecovery codes left: 2\n$/,
    );
    const json = await command('list', person.email, '--json');
    assert.deepEqual(JSON.parse(json.said), {
      id: 'f_1',
      kind: 'totp',
      name: 'Phone\u001b[31m',
      createdAt: 1_800_000_000,
      lastUsedAt: null,
    });
  });

  test('who has a factor is not invited: it would be a way round it', async () => {
    const { code, said } = await command('invite', person.email);
    assert.equal(code, 2);
    assert.match(said, /has a second factor/);
  });

  test('reset removes everything, ends sessions, and is on the record', async () => {
    await store.artifacts.upsert('Session', 's', { accountId: person.id }, 4_000_000_000);
    const { code, said } = await command('reset', person.email);
    assert.deepEqual([code, said], [0, '1 removed; recovery codes are gone and sessions ended\n']);
    assert.deepEqual(await store.factors.of(person.id), []);
    assert.equal(await store.factors.recoveryCodesLeft(person.id), 0);
    assert.equal(await store.artifacts.find('Session', 's'), undefined);
    const record = await lastRecord();
    assert.deepEqual([record.kind, record.person], ['factor', person.id]);
    assert.match(String(record.detail), /^second factors reset, sessions ended, by command as /);
    assert.deepEqual(JSON.parse((await command('reset', person.email, '--json')).said), { removed: 0 });
  });

  test('who has no password here is not invited', async () => {
    const { code, said } = await command('invite', 'from@upstream.example');
    assert.equal(code, 2);
    assert.match(said, /has no password here/);
  });

  for (const act of ['list', 'invite', 'reset']) {
    test(`${act}: somebody unknown is a problem with a way out`, async () => {
      const { code, said } = await command(act, 'nobody@acme.example');
      assert.equal(code, 2);
      assert.match(said, /There is no person nobody@acme\.example here/);
    });
  }
});
