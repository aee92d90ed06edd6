import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compiledAccess } from './compiled.ts';

const origins = { idp: 'https://id.acme.example', ras: 'https://mcp.acme.example' };
const empty = { servers: {}, clients: {}, audiences: {}, networks: {}, rules: [], never_together: [] };
const scopes = { read: { risk: 'low' } };
const server = (local: string) => ({ local, scopes, authorization_details: {} });
const textOf = (name: string) => JSON.stringify({ ...empty, servers: { [name]: server(name) } });

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

  test('is forgotten behind four others, the one used longest ago first', () => {
    const [first, second] = [1, 2].map((version) => compiledAccess({ version, document: textOf('a') }, origins));
    for (const version of [3, 4]) compiledAccess({ version, document: textOf('a') }, origins);
    assert.equal(compiledAccess({ version: 1, document: textOf('a') }, origins), first);
    compiledAccess({ version: 5, document: textOf('a') }, origins);
    assert.equal(compiledAccess({ version: 1, document: textOf('a') }, origins), first);
    assert.notEqual(compiledAccess({ version: 2, document: textOf('a') }, origins), second);
  });
});
