import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDocument } from '../policy/parse.ts';
import { digestOf } from '../store/drafts.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { PolicyKind } from '../store/store.ts';
import { compare, comparedBefore } from './compare.ts';

const origins = { idp: 'https://id.acme.example', ras: 'https://mcp.acme.example' };

function toText(kind: PolicyKind, raw: object): string {
  const parsed = parseDocument(raw, kind);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return JSON.stringify(parsed.document);
}

const access = (...servers: string[]) =>
  toText('access', { servers: Object.fromEntries(servers.map((local) => [local, { local, scopes: { read: {} } }])) });

async function open() {
  const store = await openSqliteStore(':memory:', { node: 'test' });
  const versions = { access: 0, resource: 0 };
  const publish = async (kind: PolicyKind, document: string) => {
    versions[kind] += 1;
    const next = {
      kind,
      version: versions[kind],
      document,
      digest: digestOf(document),
      author: 'file',
      publishedAt: 1,
    };
    await store.policies.append(next, []);
  };
  return { store, publish };
}

const idsOf = ({ entries }: { readonly entries: readonly { readonly id: string }[] }) => entries.map(({ id }) => id);

describe('a document is compared with the version in force', () => {
  test('once, and found again by its digest', async () => {
    const { store, publish } = await open();
    await publish('access', access('one'));
    const document = access('one', 'two');
    assert.equal(await comparedBefore(store, 'access', digestOf(document), origins), undefined);
    const compared = await compare(store, 'access', document, origins);
    assert.deepEqual([compared.from, idsOf(compared)], [1, ['two']]);
    assert.equal(await compare(store, 'access', document, origins), compared);
    assert.equal(await comparedBefore(store, 'access', digestOf(document), origins), compared);
  });

  test('and again with a version that was published since, even of the text of one before', async () => {
    const { store, publish } = await open();
    await publish('access', access('three'));
    const document = access('three', 'four');
    const first = await compare(store, 'access', document, origins);
    await publish('access', document);
    assert.equal(await comparedBefore(store, 'access', digestOf(document), origins), undefined);
    assert.deepEqual(idsOf(await compare(store, 'access', document, origins)), []);
    await publish('access', access('three'));
    const third = await compare(store, 'access', document, origins);
    assert.deepEqual([third.from, third.access?.before.version, third.access?.after.version], [3, 3, 4]);
    assert.deepEqual(idsOf(third), idsOf(first));
  });

  test('and again where local stands for another authorization server', async () => {
    const { store, publish } = await open();
    await publish('access', access('five'));
    const document = access('five', 'six');
    await compare(store, 'access', document, origins);
    const elsewhere = { ...origins, ras: 'https://other.example' };
    assert.equal(await comparedBefore(store, 'access', digestOf(document), elsewhere), undefined);
    const there = await compare(store, 'access', document, elsewhere);
    assert.equal(there.access?.after.servers.get('six')?.ras, 'https://other.example');
  });

  test('with nothing where there is none', async () => {
    const { store } = await open();
    const compared = await compare(store, 'access', access('seven'), origins);
    assert.deepEqual([compared.from, idsOf(compared).includes('seven'), compared.asksSecondPerson], [0, true, false]);
    assert.ok(compared.widens.includes('servers.seven is new'));
  });

  test('which says whether a second person is asked, whatever the newer one says', async () => {
    for (const kind of ['access', 'resource'] as const) {
      const asking = toText(kind, { second_person: 'required' });
      const { store, publish } = await open();
      assert.equal((await compare(store, kind, asking, origins)).asksSecondPerson, false);
      await publish(kind, asking);
      const compared = await compare(store, kind, toText(kind, {}), origins);
      assert.deepEqual([compared.asksSecondPerson, compared.widens], [true, ['a second person is no longer asked']]);
    }
  });

  test('and forgotten behind four others, the one asked for longest ago first', async () => {
    const { store } = await open();
    const texts = ['a', 'b', 'c', 'd', 'e'].map((name) => access(`forgotten-${name}`));
    const [first, second, third, fourth, fifth] = texts as [string, string, string, string, string];
    const isKnown = async (text: string) =>
      (await comparedBefore(store, 'access', digestOf(text), origins)) !== undefined;
    for (const text of [first, second, third, fourth]) await compare(store, 'access', text, origins);
    assert.equal(await isKnown(first), true);
    // What is not known pushes none out.
    for (const name of ['v', 'w', 'x', 'y', 'z']) assert.equal(await isKnown(access(name)), false);
    await compare(store, 'access', fifth, origins);
    assert.deepEqual([await isKnown(second), await isKnown(first), await isKnown(fifth)], [false, true, true]);
  });

  test('which has to be there', async () => {
    const { store, publish } = await open();
    for (const kind of ['access', 'resource'] as const) {
      await publish(kind, toText(kind, {}));
      const policies = { ...store.policies, read: async () => undefined };
      const text = toText(kind, { clients: { gone: {} } });
      await assert.rejects(compare({ policies }, kind, text, origins), /^Error: version 1 of the .* policy is gone$/);
    }
  });
});
