import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readRecord } from '../audit/personal.ts';
import { hashLinkToken } from '../directory/account-links.ts';
import { openHome } from '../home.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

describe('credence person invite, reset, links', () => {
  let folder: string;
  let store: Store;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-links-'));
    const home = await openHome(join(folder, 'home'));
    await writeFile(
      home.configFile,
      'idp: { issuer: "https://id.acme.example" }\nras: { issuer: "https://mcp.acme.example" }\n',
    );
    store = await openSqliteStore(home.storeFile, { node: 'test' });
  });
  after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  function command(...args: string[]): Promise<{ code: number; said: string }> {
    const words = [main, 'person', ...args, '--home', join(folder, 'home')];
    return new Promise((resolve) => {
      execFile(process.execPath, words, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), said: stdout + stderr }),
      );
    });
  }
  const lastRecord = async () => readRecord((await store.audit.last(1))[0] ?? { body: '{}' });
  const seconds = () => Math.floor(Date.now() / 1000);
  const linkOf = (url: string) => store.links.find(hashLinkToken(url.slice(-43)) ?? '', seconds());

  test('a link leads to the issuer that the server was last started with, whatever the configuration says', async () => {
    const issuers = join(folder, 'home', 'issuers.json');
    await writeFile(issuers, JSON.stringify({ idp: 'http://localhost:4711', ras: 'http://localhost:4712' }));
    const { said } = await command('invite', 'flags@acme.example');
    await rm(issuers);
    assert.match(said, /^http:\/\/localhost:4711\/password\/[\w-]{43}\n/);
  });

  test('invite adds somebody new and prints a link; neither store nor record hold what is in it', async () => {
    const { code, said } = await command(
      'invite',
      'erin@acme.example',
      '--name=Erin',
      '--group=eng',
      '--valid=2d',
      '--json',
    );
    assert.equal(code, 0, said);
    const { url, until } = JSON.parse(said) as { url: string; until: string };
    assert.match(url, /^https:\/\/id\.acme\.example\/password\/[\w-]{43}$/);
    const erin = await store.people.findByEmail('erin@acme.example');
    assert.deepEqual([erin?.name, erin?.groups, erin?.source], ['Erin', ['eng'], 'local']);
    const link = await linkOf(url);
    assert.deepEqual([link?.personId, link?.purpose], [erin?.id, 'invitation']);
    assert.ok(Math.abs((link?.expiresAt ?? 0) - seconds() - 2 * 86_400) < 60);
    assert.equal(until, new Date((link?.expiresAt ?? 0) * 1000).toISOString().slice(0, 16));
    const record = await lastRecord();
    assert.deepEqual([record.kind, record.person], ['factor', erin?.id]);
    assert.match(String(record.detail), /^invitation link made, by command as /);
    assert.ok(!JSON.stringify([await store.audit.last(10), await store.links.list('', 9)]).includes(url.slice(-43)));
  });

  test('once more replaces the link, and is listed as one', async () => {
    const first = JSON.parse((await command('invite', 'finn@acme.example', '--json')).said) as { url: string };
    const second = await command('invite', 'FINN@acme.example');
    assert.match(second.said, /^https:\S+\n {2}good once, until .*hand it to finn@acme\.example alone\n$/);
    assert.equal(await linkOf(first.url), undefined);
    const listed = (await command('links')).said.split('\n').filter((line) => line.startsWith('finn'));
    assert.equal(listed.length, 1);
    assert.match(String(listed[0]), /invitation +open/);
    assert.doesNotMatch(String(listed[0]), /password\//);
    assert.deepEqual((await command('links', 'revoke', 'finn@acme.example')).said, 'revoked\n');
    assert.equal((await command('links', 'revoke', 'finn@acme.example')).code, 2);
    assert.match(String((await lastRecord()).detail), /^link revoked, by command as /);
  });

  test('reset is for who has a password, invite for who has none', async () => {
    const person = {
      id: 'u_gina',
      source: 'local',
      email: 'gina@acme.example',
      name: 'G',
      active: true,
      groups: [],
      roles: [],
    };
    await store.people.save(person);
    const none = await command('reset', person.email);
    assert.deepEqual([none.code, /has no password here/.test(none.said)], [2, true]);
    await store.people.setPasswordHash(person.id, '$argon2id$...');
    const has = await command('invite', person.email);
    assert.deepEqual([has.code, /has a password/.test(has.said)], [2, true]);
    const { url } = JSON.parse((await command('reset', person.email, '--json')).said) as { url: string };
    assert.equal((await linkOf(url))?.purpose, 'reset');
    await store.people.save({ ...person, active: false });
    assert.match((await command('reset', person.email)).said, /is switched off/);
  });

  const problems: [name: string, args: string[], says: RegExp][] = [
    ['somebody of another source', ['invite', 'up@acme.example'], /belongs to the source scim:okta/],
    ['somebody known, with groups', ['invite', 'erin@acme.example', '--group=all'], /is here already/],
    ['no address', ['invite', 'erin'], /is not an e-mail address/],
    ['nobody', ['reset', 'nobody@acme.example'], /There is no person/],
    ['a time without a unit', ['invite', 'x@acme.example', '--valid=3'], /is no time/],
    ['a time too short', ['invite', 'x@acme.example', '--valid=9m'], /from 10 minutes to 14 days/],
    ['a time too long', ['invite', 'x@acme.example', '--valid=15d'], /from 10 minutes to 14 days/],
  ];
  for (const [name, args, says] of problems) {
    test(`${name}: a problem with a way out, and nobody is added`, async () => {
      await store.directory.claimSource('scim:okta');
      const other = { id: 'u_up', source: 'scim:okta', email: 'up@acme.example', name: 'U', active: true };
      await store.people.save({ ...other, groups: [], roles: [] });
      const { code, said } = await command(...args);
      assert.equal(code, 2);
      assert.match(said, says);
      assert.equal(await store.people.findByEmail('x@acme.example'), undefined);
    });
  }
});
