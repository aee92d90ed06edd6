import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readRecord } from '../audit/personal.ts';
import { authenticate } from '../directory/authenticate.ts';
import { toBase32 } from '../directory/totp.ts';
import { openHome } from '../home.ts';
import { openSecret as openSealed } from '../idp/sign-in/proofs.ts';
import { openSecret } from '../keys/key-file.ts';
import { createSeal } from '../keys/seal.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

describe('credence admin', () => {
  let folder: string;
  let store: Store;
  let keysDir: string;
  const dana = { id: 'u_dana', source: 'local', email: 'dana@acme.example', name: 'Dana', active: true } as const;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-admin-'));
    const home = await openHome(join(folder, 'home'));
    keysDir = home.keysDir;
    store = await openSqliteStore(home.storeFile, { node: 'test' });
    await store.people.save({ ...dana, groups: [], roles: [] });
  });
  after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  function command(...args: string[]): Promise<{ code: number; said: string }> {
    const words = [main, 'admin', ...args, '--home', join(folder, 'home')];
    return new Promise((resolve) => {
      execFile(process.execPath, words, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), said: stdout + stderr }),
      );
    });
  }
  const glass = (...args: string[]) => command('break-glass', ...args);
  const lastRecord = async () => readRecord((await store.audit.last(1))[0] ?? { body: '{}' });

  test('a role is granted, listed, replaced and revoked, each on the record', async () => {
    assert.equal((await command('list')).said, '');
    assert.equal((await command('grant', dana.email, 'help-desk')).said, 'dana@acme.example: help-desk\n');
    assert.match(String((await lastRecord()).detail), /^administrator role help-desk granted, by command as /);
    await command('grant', dana.email, 'owner');
    assert.match((await command('list')).said, /^dana@acme\.example +owner +since \S+\n$/);
    assert.deepEqual(
      [(await lastRecord()).kind, (await lastRecord()).person, await store.administrators.roleOf(dana.id)],
      ['admin', dana.id, 'owner'],
    );
    assert.equal((await command('revoke', dana.email)).said, 'revoked\n');
    assert.equal(await store.administrators.roleOf(dana.id), undefined);
    assert.match((await command('revoke', dana.email)).said, /does not administer/);
  });

  test('an unknown role or person is a problem with a way out', async () => {
    const role = await command('grant', dana.email, 'root');
    assert.deepEqual([role.code, /owner, policy, people, auditor, help-desk/.test(role.said)], [2, true]);
    assert.match((await command('grant', 'nobody@acme.example', 'owner')).said, /There is no person/);
  });

  test('the break-glass account: made once, shown once, replaced, removed', async () => {
    assert.match((await glass('show')).said, /There is no break-glass account/);
    assert.equal((await glass('rotate')).code, 2);
    assert.equal((await glass('remove')).code, 2);
    const made = JSON.parse((await glass('create', '--json')).said);
    assert.match(made.email, /^break-glass-[0-9a-z]{5}-[0-9a-z]{5}@localhost$/);
    assert.match(made.password, /^(?:[0-9a-z]{5}-){4}[0-9a-z]{5}$/);
    const proven = await authenticate(store.people, made.email, made.password);
    assert.ok(proven.proven);
    const { id } = proven.person;
    assert.equal(await store.administrators.roleOf(id), 'owner');
    const [factor] = await store.factors.of(id);
    const seal = createSeal(Buffer.from(await openSecret(keysDir, 'factor')));
    assert.equal(toBase32(openSealed(seal, id, String(factor?.material))), made.key);
    const record = await lastRecord();
    assert.deepEqual([record.kind, record.person, record.breakGlass], ['alert', id, true]);
    assert.ok(!JSON.stringify(await store.audit.last(50)).includes(made.password));

    const second = await glass('create');
    assert.deepEqual([second.code, /There is a break-glass account/.test(second.said)], [2, true]);
    assert.doesNotMatch((await glass('show')).said, new RegExp(`${made.password}|${made.key}`));
    assert.match((await command('list')).said, /owner .* break-glass\n$/);
    assert.match((await command('revoke', made.email)).said, /break-glass remove/);
    assert.match((await command('grant', made.email, 'auditor')).said, /is an owner/);

    const rotated = await glass('rotate');
    assert.match(rotated.said, /^name {6}break-glass-.*\npassword {2}\S{29}\napp key/);
    assert.equal((await authenticate(store.people, made.email, made.password)).proven, false);
    assert.equal((await store.factors.of(id)).length, 1);
    assert.equal((await glass('remove')).said, 'removed\n');
    assert.equal(await store.people.findByEmail(made.email), undefined);
    assert.match(String((await lastRecord()).detail), /^break-glass account removed/);
  });
});
