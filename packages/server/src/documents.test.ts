import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { publishDocument, starterDocuments } from './documents.ts';
import { parsePolicy } from './policy/parse.ts';
import { openSqliteStore } from './store/sqlite.ts';
import { type Store, StoreConflict } from './store/store.ts';

test('nodes that start at once with the same document publish it once, and all of them start', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'credence-documents-'));
  const store = await openSqliteStore(':memory:', { node: 'one' });
  t.after(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });
  const file = join(dir, 'access.yaml');
  const options = {
    starter: starterDocuments.access,
    nowMs: 1_800_000_000_000,
    origins: { idp: 'http://localhost:4000', ras: 'http://localhost:4001' },
  };
  const outcomes = await Promise.all(Array.from({ length: 4 }, () => publishDocument(store, 'access', file, options)));
  assert.deepEqual(
    outcomes.map(({ version }) => version),
    [1, 1, 1, 1],
  );
  assert.equal(outcomes.filter(({ isNew }) => isNew).length, 1);
  const published = async () =>
    (await store.audit.last(10)).map(({ body }) => (JSON.parse(body) as { domain: string }).domain);
  assert.deepEqual(await published(), ['idp']);
  const resource = { ...options, starter: starterDocuments.resource };
  await publishDocument(store, 'resource', join(dir, 'resource.yaml'), resource);
  assert.deepEqual((await published()).toSorted(), ['idp', 'ras']);
});

test('whoever finds that another node was first looks at what that one has published', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'credence-documents-'));
  const store = await openSqliteStore(':memory:', { node: 'one' });
  t.after(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });
  const append: Store['policies']['append'] = async (version, records) => {
    await store.policies.append(version, records);
    throw new StoreConflict('The row is taken.');
  };
  const late = { ...store, policies: { ...store.policies, append } };
  const options = {
    starter: starterDocuments.access,
    nowMs: 1,
    origins: { idp: 'http://a.test', ras: 'http://b.test' },
  };
  const file = join(dir, 'access.yaml');
  assert.deepEqual(await publishDocument(late, 'access', file, options), { version: 1, isNew: false });
});

test('of a document with mistakes every mistake is told with its place, and nothing is published', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'credence-documents-'));
  const store = await openSqliteStore(':memory:', { node: 'one' });
  t.after(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });
  const file = join(dir, 'access.yaml');
  await writeFile(file, 'servers: {}\nrules: 1\nrule: []\n');
  const options = {
    starter: starterDocuments.access,
    nowMs: 1,
    origins: { idp: 'http://a.test', ras: 'http://b.test' },
  };
  await assert.rejects(publishDocument(store, 'access', file, options), {
    message: /has mistakes:\n {2}2:\d+ rules: .*\n {2}3:\d+ rule: /,
  });
  assert.equal(await store.policies.latest('access'), undefined);
});

describe('a file, where somebody else publishes too', () => {
  const origins = { idp: 'https://id.acme.example', ras: 'https://mcp.acme.example' };
  const rule = (id: string) => `  - { id: ${id}, allow: [read], on: wiki, to: [group:${id}] }\n`;
  const text = (rules: string, more = '') =>
    `servers: { wiki: { local: wiki, scopes: { read: {} } } }\n${more}rules:\n${rules}`;

  async function open(first: string) {
    const dir = await mkdtemp(join(tmpdir(), 'credence-documents-'));
    const file = join(dir, 'access.yaml');
    const store = await openSqliteStore(':memory:', { node: 'test' });
    const read = async (content: string) => {
      await writeFile(file, content);
      return publishDocument(store, 'access', file, { starter: starterDocuments.access, nowMs: 1, origins });
    };
    /** As the console does. */
    const publish = async (content: string) => {
      const parsed = parsePolicy(content, 'access');
      assert.ok(parsed.ok);
      const version = ((await store.policies.latest('access'))?.version ?? 0) + 1;
      const document = JSON.stringify(parsed.document);
      const base = { kind: 'access', version, document, author: 'u_dana', publishedAt: 1 } as const;
      await store.policies.append({ ...base, digest: hash('sha256', document, 'base64url') }, []);
    };
    await read(first);
    return { store, read, publish };
  }

  test('is not read over what was published since, as long as it is as it was', async () => {
    const { store, read, publish } = await open(text(rule('a')));
    await publish(text(rule('a') + rule('b')));
    assert.deepEqual(await read(text(rule('a'))), { version: 2, isNew: false, isOlder: true });
    assert.equal((await store.policies.latest('access'))?.author, 'u_dana');
    assert.deepEqual(await read(text(rule('a') + rule('b'))), { version: 2, isNew: false });
  });

  test('that says the same in another order says nothing new', async () => {
    const wiki = (scopes: string) => `servers: { wiki: { local: wiki, scopes: { ${scopes} } } }\nrules:\n${rule('a')}`;
    const { read, publish } = await open(wiki('read: {}, write: {}'));
    const another = wiki('write: {}, read: {}');
    assert.deepEqual(await read(another), { version: 1, isNew: false });
    await publish(text(rule('b')));
    assert.deepEqual(await read(another), { version: 2, isNew: false, isOlder: true });
  });

  test('is as it was when it was last read, not as it was at any time before', async () => {
    const { read, publish } = await open(text(rule('a')));
    assert.deepEqual(await read(text(rule('b'))), { version: 2, isNew: true }, 'nobody else is asked for');
    await publish(text(rule('c')));
    await publish(text(rule('d')));
    assert.deepEqual(await read(text(rule('b'))), { version: 4, isNew: false, isOlder: true });
    await assert.rejects(read(text(rule('a'))), /was changed, and version 4/);
  });

  test('that was changed as well stops the start: neither overwrites the other', async () => {
    const { read, publish } = await open(text(rule('a')));
    await publish(text(rule('a') + rule('b')));
    await assert.rejects(read(text(rule('c'))), /was changed, and version 2 .* was published since .* by u_dana/);
  });

  test('publishes no more alone what grants more, where a second person is asked for', async () => {
    const asks = 'second_person: required\n';
    const { read } = await open(text(rule('a'), asks));
    await assert.rejects(
      read(text(rule('a') + rule('b'), asks)),
      /grants more than version 1.*rules on wiki grant more/,
    );
    await assert.rejects(read(text(rule('a'))), /a second person is no longer asked/);
    assert.deepEqual(await read(text('  []\n', asks)), { version: 2, isNew: true }, 'what takes away is published');
  });
});
