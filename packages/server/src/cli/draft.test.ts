import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { publishDocument, starterDocuments } from '../documents.ts';
import { openHome } from '../home.ts';
import { openStore } from '../open-store.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const origins = { idp: 'http://localhost:4000', ras: 'http://localhost:4001' };
const text = (rules: string, more = '') =>
  `servers: { wiki: { name: Wiki, local: wiki, scopes: { read: {} } } }
clients: { code: { name: Code, redirect_uris: [http://localhost/a], client_ids: { local: code } } }
${more}rules:\n${rules}`;
const dataReads = '  - { id: data, allow: [read], on: wiki, to: [group:data] }\n';

describe('credence draft', () => {
  let dir = '';
  const file = (name: string) => join(dir, name);
  const draft = (...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, [main, 'draft', ...args, '--home', file('home')], (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
  const begin = async (content: string) => {
    await writeFile(file('next.yaml'), content);
    const { stdout, stderr } = await draft('begin', 'access', '--name', 'A change', '--file', file('next.yaml'));
    return { id: /dr_[\w-]+/.exec(stdout)?.[0] ?? '', stderr };
  };
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'credence-draft-'));
    const store = await openStore(undefined, await openHome(file('home')), 'test');
    const person = { source: 'local', active: true, groups: ['data'], roles: [] };
    for (const id of ['u_1', 'u_2']) await store.people.save({ ...person, id, email: `${id}@acme.example`, name: id });
    await writeFile(file('access.yaml'), text('  []\n'));
    await publishDocument(store, 'access', file('access.yaml'), {
      starter: starterDocuments.access,
      nowMs: 1,
      origins,
    });
    await store.close();
  });
  after(() => rm(dir, { recursive: true }));

  test('a file becomes a draft, is compared, replayed and published', async () => {
    const { id } = await begin(text(dataReads));
    assert.match(
      (await draft('list')).stdout,
      new RegExp(`^${id}  access    on version 1  open      cli:\\S+  A change\n$`),
    );
    assert.deepEqual((await draft('diff', id)).stdout.trimEnd().split('\n'), [
      '2 people gain, 0 lose.',
      '+ 2 people in data gain read on Wiki through Code.',
      '  new     rules data',
    ]);
    assert.match((await draft('replay', id)).stdout, /^0 decisions of the last 30 days: /);
    assert.match(
      (await draft('publish', id)).stdout,
      /^Version 2 of the access policy is in force\. 2 people gain, 0 lose\.\n$/,
    );
    assert.equal((await draft('list')).stdout, '');
  });

  test('an older version is what a draft begins with, to roll back to it', async () => {
    const { stdout } = await draft('begin', 'access', '--name', 'Back', '--version', '1');
    const [id = ''] = /dr_[\w-]+/.exec(stdout) ?? [];
    assert.match(stdout, /^Draft dr_\S+ of the access document is begun on version 2\./);
    assert.match((await draft('diff', id)).stdout, /^0 people gain, 2 lose\./);
    await draft('discard', id);
    const none = await draft('begin', 'access', '--name', 'Back', '--version', '99');
    assert.deepEqual([none.code, /There is no version 99/.test(none.stderr)], [2, true], none.stderr);
  });

  test('what is no number of a version or of days is refused, and not compared with nothing', async () => {
    const { id } = await begin(text(dataReads));
    for (const days of ['7d', '-3', '0', '1e3', '']) {
      const { code, stdout, stderr } = await draft('replay', id, `--days=${days}`);
      assert.deepEqual([code, stdout, /--days/.test(stderr)], [2, '', true], `${days}: ${stdout}${stderr}`);
    }
    assert.equal((await draft('begin', 'access', '--name', 'x', '--version', 'latest')).code, 2);
    await draft('discard', id);
  });

  test('what needs a second person is not published by a shell', async () => {
    const asks = await begin(text(dataReads, 'second_person: required\n'));
    assert.match((await draft('publish', asks.id)).stdout, /^Version 3 /);
    const { id } = await begin(text(dataReads));
    assert.match((await draft('diff', id)).stdout, /somebody else has to approve it\.\n$/);
    const { code, stderr } = await draft('publish', id);
    assert.equal(code, 2);
    assert.match(stderr, /a second person is no longer asked/);
    assert.match((await draft('discard', id)).stdout, /is discarded/);
  });

  test('mistakes are told with their place', async () => {
    assert.match(
      (await begin(text('  - { id: x, allow: all, on: none, to: [everyone] }\n'))).stderr,
      /\n {2}4:\d+ rules\[0\]\.on: /,
    );
    for (const args of [
      ['diff', 'dr_none'],
      ['begin', 'other', '--name', 'x'],
    ]) {
      assert.equal((await draft(...args)).code, 2);
    }
  });
});
