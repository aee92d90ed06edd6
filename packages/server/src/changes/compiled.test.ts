import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import { compiledAccess, keptText, readText } from './compiled.ts';

const origins = { idp: 'https://id.acme.example', ras: 'https://mcp.acme.example' };
const empty = { servers: {}, clients: {}, audiences: {}, networks: {}, rules: [], never_together: [] };
const scopes = { read: { risk: 'low' } };
const server = (local: string) => ({ local, scopes, authorization_details: {} });
const textOf = (...names: string[]) =>
  JSON.stringify({ ...empty, servers: Object.fromEntries(names.map((name) => [name, server(name)])) });
const digestOf = (text: string) => hash('sha256', text, 'base64url');

describe('a version that is looked at again', () => {
  test('is compiled once', () => {
    const once = compiledAccess({ version: 1, document: textOf('wiki') }, origins);
    assert.equal(compiledAccess({ version: 1, document: textOf('wiki') }, origins), once);
    assert.deepEqual([once.version, [...once.servers.keys()]], [1, ['wiki']]);
  });

  test('is another one with another text, another number, or beside another RAS', () => {
    const once = compiledAccess({ version: 1, document: textOf('wiki') }, origins);
    const other = compiledAccess({ version: 1, document: textOf('mail') }, origins);
    assert.deepEqual([...other.servers.keys()], ['mail']);
    assert.equal(compiledAccess({ version: 2, document: textOf('wiki') }, origins).version, 2);
    const elsewhere = compiledAccess(
      { version: 1, document: textOf('wiki') },
      { ...origins, ras: 'https://other.example' },
    );
    assert.equal(elsewhere.servers.get('wiki')?.ras, 'https://other.example');
    assert.equal(once.servers.get('wiki')?.ras, origins.ras);
  });

  test('with another number is compiled no second time, its rules that only report included', () => {
    const rule = { allow: 'all', on: 'wiki', to: ['everyone'] };
    const rules = [
      { id: 'now', ...rule },
      { id: 'tried', ...rule, report_only: true },
    ];
    const document = JSON.stringify({ ...JSON.parse(textOf('wiki')), rules });
    const [one, two] = [1, 2].map((version) => compiledAccess({ version, document }, origins));
    assert.deepEqual([one?.version, one?.trial?.version], [1, 1]);
    assert.deepEqual([two?.version, two?.trial?.version], [2, 2]);
    assert.equal(one?.rules, two?.rules);
    assert.equal(one?.trial?.rules, two?.trial?.rules);
    assert.equal(compiledAccess({ version: 1, document: textOf('wiki') }, origins).trial, undefined);
  });

  test('is forgotten behind four other texts, the one used longest ago first', () => {
    const read = (name: string) => readText(textOf(name), origins);
    const [first, second] = [read('a'), read('b')];
    for (const name of ['c', 'd']) read(name);
    assert.equal(read('a'), first);
    read('e');
    assert.equal(read('a'), first);
    assert.equal(keptText(digestOf(textOf('b')), origins), undefined);
    assert.notEqual(read('b'), second);
  });

  test('is found by the digest of its text, beside the same RAS', () => {
    const text = textOf('by-digest');
    assert.equal(keptText(digestOf(text), origins), undefined);
    const read = readText(text, origins);
    assert.equal(keptText(digestOf(text), origins), read);
    assert.equal(keptText(digestOf(text), { ...origins, ras: 'https://other.example' }), undefined);
    assert.equal(keptText(digestOf(`${text} `), origins), undefined);
  });

  test('shares what it says with the one that was read before it, and with none beside another RAS', () => {
    const one = readText(textOf('wiki'), origins);
    const two = readText(textOf('wiki', 'mail'), origins);
    assert.equal(two.as(2).servers.get('wiki'), one.as(1).servers.get('wiki'));
    assert.deepEqual(two.document, JSON.parse(textOf('wiki', 'mail')));
    const there = readText(textOf('wiki', 'mail', 'chat'), { ...origins, ras: 'https://third.example' });
    assert.equal(there.as(1).servers.get('wiki')?.ras, 'https://third.example');
  });
});
