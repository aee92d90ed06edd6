import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openSqliteStore } from '../../store/sqlite.ts';
import type { AuditRow, Store } from '../../store/store.ts';
import { type ImportFacts, type ImportOptions, importItems } from './import.ts';
import { formatOf, readItems } from './items.ts';

const dir = mkdtempSync(join(tmpdir(), 'credence-import-'));
after(() => rmSync(dir, { recursive: true }));
let made = 0;

const source = 'scim:okta';

async function openStore(): Promise<Store> {
  const store = await openSqliteStore(':memory:', { node: 'test' });
  await store.directory.claimSource(source);
  return store;
}

/** Imports a file of this text, and tells what came of it. */
async function bring(store: Store, text: string, options: { name?: string; stopAfter?: number } = {}) {
  made += 1;
  const file = join(dir, options.name ?? `${made}.jsonl`);
  writeFileSync(file, text);
  const problems: string[] = [];
  const facts: ImportFacts[] = [];
  let seen = 0;
  const all: ImportOptions = {
    store,
    source,
    digest: options.name ?? text.slice(0, 64),
    nowMs: () => 1000,
    newId: (prefix) => {
      made += 1;
      return `${prefix}${made}`;
    },
    records: (each): AuditRow[] => {
      facts.push(each);
      made += 1;
      return [{ id: `r${made}`, kind: 'directory', timeMs: 1, body: JSON.stringify(each) }];
    },
    onProgress: ({ people, groups }) => {
      seen = [people, groups].flatMap((counts) => Object.values(counts)).reduce((sum, count) => sum + count, 0);
    },
    onProblem: (where, words) => problems.push(`${where}: ${words}`),
    isStopped: () => options.stopAfter !== undefined && seen >= options.stopAfter,
  };
  const summary = await importItems(
    readItems(file, await formatOf(file), () => undefined),
    all,
  );
  return { ...summary, problems, facts };
}

const toLines = (...objects: object[]) => objects.map((each) => JSON.stringify(each)).join('\n');
const user = (name: string, change: object = {}) => ({
  userName: `${name}@acme.example`,
  displayName: name,
  ...change,
});
const find = (store: Store, name: string) => store.people.findByEmail(`${name}@acme.example`);

describe('an import', () => {
  test('brings people and groups as JSON lines, whatever their order, by every name a member may have', async () => {
    const store = await openStore();
    const text = toLines(
      {
        id: 'gx',
        displayName: 'Eng',
        externalId: 'g1',
        members: [{ value: 'x1' }, { value: 'e2' }, { value: 'CARL@acme.example' }],
      },
      user('anna', { id: 'x1', roles: [{ value: 'lead' }] }),
      user('bert', { externalId: 'e2', active: 'False' }),
      user('carl'),
    );
    const { people, groups, problems, isWhole } = await bring(store, text);
    assert.deepEqual([people.created, groups.created, problems, isWhole], [3, 1, [], true]);
    const { items } = await store.directory.search.groups(source, 'group', {
      where: undefined,
      sortBy: undefined,
      descending: false,
      skip: 0,
      limit: 9,
    });
    const [group] = items;
    assert.ok(group);
    assert.match(group.id, /^okta\/g_/, 'never the id of the file');
    for (const name of ['anna', 'bert', 'carl']) assert.deepEqual((await find(store, name))?.groups, [group.id]);
    assert.deepEqual([(await find(store, 'anna'))?.roles, (await find(store, 'bert'))?.active], [['okta/lead'], false]);
  });

  test('who is switched off stays off under a file that says nothing of `active`, and comes on by one that does', async () => {
    const store = await openStore();
    await bring(store, toLines(user('anna', { active: false })));
    const silent = await bring(store, toLines(user('anna', { title: 'Lead' })));
    assert.deepEqual([silent.people.changed, (await find(store, 'anna'))?.active], [1, false]);
    const table = await bring(store, 'userName,active\nanna@acme.example,\n', { name: 'people.csv' });
    assert.deepEqual([table.problems, (await find(store, 'anna'))?.active], [[], false]);
    await bring(store, toLines(user('anna', { active: 'true' })));
    assert.equal((await find(store, 'anna'))?.active, true);
  });

  test('once more changes nothing and leaves no record; another file changes what differs', async () => {
    const store = await openStore();
    const group = (members: string[]) => ({
      displayName: 'Eng',
      members: members.map((value) => ({ value: `${value}@acme.example` })),
    });
    const text = toLines(user('anna'), user('bert'), group(['anna', 'bert']));
    await bring(store, text);
    const before = await store.changeSequence();
    const again = await bring(store, text);
    assert.deepEqual([again.people.unchanged, again.groups.unchanged, again.facts], [2, 1, []]);
    assert.equal(await store.changeSequence(), before);

    const anna = await find(store, 'anna');
    assert.ok(anna);
    const next = await bring(store, toLines(user('anna', { title: 'Lead' }), user('bert'), group(['bert'])));
    assert.deepEqual([next.people.changed, next.people.unchanged, next.groups.changed], [1, 1, 1]);
    assert.deepEqual((await find(store, 'anna'))?.groups, []);
    const bulletins = await store.bulletins.after(0, 10);
    assert.deepEqual(
      bulletins.map(({ personId, event }) => [personId, event]),
      [[anna.id, 'session-revoked']],
      'whoever left a group is judged anew',
    );
    const left = next.facts.flatMap((fact) => fact.left ?? []);
    assert.deepEqual(left, [anna.id]);
  });

  test('nobody who is not in the file is removed', async () => {
    const store = await openStore();
    await bring(store, toLines(user('anna'), user('bert')));
    await bring(store, toLines(user('anna')));
    assert.equal((await find(store, 'bert'))?.active, true);
  });

  test('a ListResponse, an array and a table say the same', async () => {
    const list = {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      Resources: [user('anna'), user('bert')],
    };
    const table =
      '\ufeffUserName,displayName,Shoe size,active\r\n"anna@acme.example","anna",44,\r\nbert@acme.example,bert,,true\r\n';
    for (const [name, text] of [
      ['list.json', JSON.stringify(list, null, 2)],
      ['array.json', JSON.stringify([user('anna'), user('bert')])],
      ['table.csv', table],
      ['table-without-a-name', table],
      ['lines-without-a-name', toLines(user('anna'), user('bert'))],
    ] as const) {
      const store = await openStore();
      const { people, problems } = await bring(store, text, { name });
      assert.deepEqual([people.created, problems], [2, []], name);
      assert.equal((await find(store, 'bert'))?.name, 'bert');
    }
  });

  test('the groups of a table are those of the source by name, made where they are not there, and are left again', async () => {
    const store = await openStore();
    const rows = (groups: string) => `userName,groups\nanna@acme.example,${groups}\n`;
    await bring(store, rows('"Eng; Ops, and more ;"'), { name: 'a.csv' });
    const first = await find(store, 'anna');
    assert.equal(first?.groups.length, 2);
    const names = await Promise.all((first?.groups ?? []).map((id) => store.directory.groups.find('group', id)));
    assert.deepEqual(names.map((group) => group?.name).sort(), ['Eng', 'Ops, and more']);
    await bring(store, rows('Eng'), { name: 'b.csv' });
    assert.equal((await find(store, 'anna'))?.groups.length, 1);
    await bring(store, 'userName,displayName\nanna@acme.example,A\n', { name: 'c.csv' });
    assert.equal((await find(store, 'anna'))?.groups.length, 1, 'without that column nothing is said of groups');
  });

  test('what is wrong is told with its place, and everything else comes in', async () => {
    const store = await openStore();
    await store.people.save({
      id: 'u_l',
      source: 'local',
      email: 'local@acme.example',
      name: 'L',
      active: true,
      groups: [],
      roles: [],
    });
    const text = [
      JSON.stringify(user('anna')),
      '{"userName":',
      '{"userName":"a@b.c","userName":"d@e.f"}',
      '{"nickName":"x"}',
      JSON.stringify(user('local')),
      JSON.stringify({ userName: 'nobody' }),
      JSON.stringify(user('bert', { emails: [{ value: 'anna@acme.example' }] })),
      JSON.stringify(user('ANNA', { title: 'again' })),
      JSON.stringify({ displayName: 'Eng', members: [{ value: 'anna@acme.example' }, { value: 'ghost' }] }),
      JSON.stringify({ displayName: 'Bad', members: [{ value: 7 }] }),
    ].join('\n');
    const { people, groups, problems } = await bring(store, text);
    assert.deepEqual(problems, [
      'line 2: is no JSON object, or names a member twice',
      'line 3: is no JSON object, or names a member twice',
      'line 4: has neither a userName nor a displayName',
      'line 6: a person needs an e-mail address: send emails, or one as userName',
      'line 5: another person here has this e-mail address',
      'line 7: another person here has this e-mail address',
      'line 9: 1 members are neither in the file nor in the source; they are left out',
      'line 10: members[0].value must be the id of a user',
    ]);
    assert.deepEqual([people.created, people.changed, people.failed], [1, 1, 6]);
    assert.deepEqual([groups.created, groups.failed], [1, 1]);
    assert.equal((await find(store, 'local'))?.source, 'local');
  });

  test('an import that was stopped goes on where it was, with groups of people from before the stop', async () => {
    const store = await openStore();
    const names = Array.from({ length: 400 }, (_, at) => `p${at}`);
    const groups = Array.from({ length: 12 }, (_, at) => ({
      displayName: `G${at}`,
      members: names.map((name) => ({ value: `id-${name}` })),
    }));
    const text = toLines(...names.map((name) => user(name, { id: `id-${name}` })), ...groups);
    const first = await bring(store, text, { name: 'big.jsonl', stopAfter: 100 });
    assert.equal(first.isWhole, false);
    assert.ok(first.people.created >= 100 && first.people.created < 400, String(first.people.created));
    const second = await bring(store, text, { name: 'big.jsonl', stopAfter: 401 - first.people.created });
    assert.deepEqual([second.isWhole, second.skipped], [false, first.people.created]);
    assert.equal(second.people.created, 400 - first.people.created);
    const third = await bring(store, text, { name: 'big.jsonl' });
    assert.equal(third.isWhole, true);
    assert.equal(third.people.created + third.people.unchanged, 0);
    assert.ok(second.groups.created > 0 && third.groups.created > 0);
    assert.equal(second.groups.created + third.groups.created, 12);
    for (const name of ['p0', 'p399']) assert.equal((await find(store, name))?.groups.length, 12);
    assert.equal(await store.directory.imports.position(source, 'big.jsonl'), 0, 'a whole import begins anew');
  });

  test('5,000 people and 100 groups, in transactions of a bounded size', async () => {
    const store = await openSqliteStore(join(dir, 'store.db'), { node: 'import' });
    await store.directory.claimSource(source);
    const { imports } = store.directory;
    const positions: number[] = [];
    const counting = {
      ...imports,
      keepPosition: (of: string, digest: string, position: number) => {
        positions.push(position);
        return imports.keepPosition(of, digest, position);
      },
    };
    const names = Array.from({ length: 5000 }, (_, at) => `q${at}`);
    const groups = Array.from({ length: 100 }, (_, at) => ({
      displayName: `G${at}`,
      members: names
        .filter((_, index) => index % 100 === at || index < 50)
        .map((name) => ({ value: `${name}@acme.example` })),
    }));
    const { people, groups: counts } = await bring(
      { ...store, directory: { ...store.directory, imports: counting } },
      toLines(...names.map((name) => user(name)), ...groups),
    );
    assert.deepEqual([people.created, counts.created], [5000, 100]);
    assert.equal((await find(store, 'q7'))?.groups.length, 100);
    assert.equal((await find(store, 'q77'))?.groups.length, 1);
    const steps = positions.map((position, at) => position - (positions[at - 1] ?? 0));
    assert.ok(Math.max(...steps) <= 500, `${Math.max(...steps)} in one transaction`);
    assert.ok(Math.max(...steps.filter((_, at) => (positions[at] ?? 0) > 5000)) <= 20);
    await store.close();
  });
});
