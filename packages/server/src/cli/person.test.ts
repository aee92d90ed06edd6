import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readRecord } from '../audit/personal.ts';
import { verifyPassword } from '../directory/password.ts';
import { openHome } from '../home.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

describe('credence person', () => {
  let folder: string;
  let store: Store;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-person-'));
    const home = await openHome(join(folder, 'home'));
    store = await openSqliteStore(home.storeFile, { node: 'test' });
  });
  after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  /** In a process of its own, as the operator runs it. */
  function command(input: string, ...args: string[]): string {
    const words = [main, 'person', ...args, '--home', join(folder, 'home')];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { input, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout.trim();
  }
  const lines = async (person: string) =>
    (await store.audit.last(50))
      .map(readRecord)
      .filter((record) => record.person === person)
      .map(({ kind, detail = '', before, after }) => [kind, detail.replace(/, by command as .*/, ''), before, after]);
  const beginSession = async (accountId: string) => {
    const payload = { kind: 'Session', uid: `s-${accountId}`, accountId, exp: 4_000_000_000 };
    await store.artifacts.upsert('Session', `id-${accountId}`, payload, 4_000_000_000);
  };
  const hasSession = async (accountId: string) =>
    (await store.artifacts.find('Session', `id-${accountId}`)) !== undefined;

  test('whoever is added, replaced or given a password stands on the record, with their groups and roles', async () => {
    const erin = ['erin@acme.example', '--name', 'Erin'];
    const id = command('a long password', 'add', ...erin, '--group', 'engineering', '--password-stdin');
    assert.equal(command('', 'add', ...erin, '--group', 'finance', '--role', 'lead'), id);
    assert.deepEqual(await lines(id), [
      ['admin', 'person added', undefined, { groups: ['engineering'], roles: [] }],
      ['admin', 'password set', undefined, undefined],
      ['admin', 'person replaced', { groups: ['engineering'], roles: [] }, { groups: ['finance'], roles: ['lead'] }],
    ]);
    command('', 'invite', 'ines@acme.example', '--group', 'engineering');
    const { id: invited = '' } = (await store.people.findByEmail('ines@acme.example')) ?? {};
    assert.deepEqual(await lines(invited), [
      ['admin', 'person added', undefined, { groups: ['engineering'], roles: [] }],
      ['factor', 'invitation link made', undefined, undefined],
    ]);
  });

  test('a password that replaces another ends the sessions of before; a first one, or a new name, ends none', async () => {
    const add = ['add', 'otto@acme.example', '--name', 'Otto'];
    const id = command('', ...add);
    await beginSession(id);
    command('the first password', 'password', 'otto@acme.example');
    assert.equal(await hasSession(id), true);
    command('', ...add);
    assert.equal(await hasSession(id), true);
    command('the first password', ...add, '--password-stdin');
    command('the first password', 'password', 'otto@acme.example');
    assert.equal(await hasSession(id), true, 'it is the same');
    command('a second password', 'password', 'otto@acme.example');
    assert.equal(await hasSession(id), false);
    assert.equal(await verifyPassword('a second password', (await store.people.passwordHash(id)) ?? ''), true);
    assert.deepEqual((await lines(id)).at(-1)?.slice(0, 2), ['admin', 'password set, sessions ended']);
    await beginSession(id);
    command('one more password', ...add, '--password-stdin');
    assert.equal(await hasSession(id), false);
  });
});
