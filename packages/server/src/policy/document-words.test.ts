import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import {
  fetchedUrl,
  isClientIdUrl,
  isLoopback,
  isMapping,
  issuer,
  issuerOrLocal,
  isWebUrl,
  mapping,
  scopeName,
  trustedIssuer,
} from './document-words.ts';

/** What is said of a value; `undefined` = it is let in. */
function saidOf(schema: z.ZodType, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.message;
}

describe('a mapping', () => {
  const schema = mapping({ name: z.string('must be text').max(3), other: z.string().optional() });

  test('says what it may hold, of a key it does not know and of what is no mapping', () => {
    assert.equal(saidOf(schema, { name: 'a', what: 1 }), 'not known here; allowed: name, other');
    for (const value of [[], 'text', null]) assert.equal(saidOf(schema, value), 'must be a mapping with: name, other');
    assert.equal(saidOf(schema, { name: 'abc' }), undefined);
    assert.equal(saidOf(schema, { name: 1 }), 'must be text');
  });

  test('leaves what is wrong in another way to what says it', () => {
    const refined = mapping({ name: z.string() }).refine(() => false, 'says why itself');
    assert.equal(saidOf(refined, { name: 'a' }), 'says why itself');
  });

  test('is told from a list, from text and from nothing', () => {
    const values: [value: unknown, isOne: boolean][] = [
      [{}, true],
      [[], false],
      [null, false],
      ['text', false],
      [undefined, false],
    ];
    for (const [value, isOne] of values) assert.equal(isMapping({ value }), isOne, JSON.stringify(value));
  });
});

test('the name of a scope is a token of 128 characters at most', () => {
  assert.equal(saidOf(scopeName, 'a'.repeat(128)), undefined);
  for (const text of ['a'.repeat(129), 'two words', '']) {
    assert.equal(saidOf(scopeName, text), 'must be a scope token without spaces (RFC 6749 §3.3)', text);
  }
});

describe('a URL', () => {
  const web: [text: string, isOne: boolean][] = [
    ['https://mcp.example', true],
    ['https://mcp.example/', true],
    ['https://mcp.example/a?b=c', true],
    ['http://localhost:3000/a', true],
    ['http://127.0.0.1/a', true],
    ['http://127.8.9.1/a', true],
    ['http://[::1]/a', true],
    ['http://mcp.example/a', false],
    ['http://localhost.example/a', false],
    ['http://127.0.0.1.example/a', false],
    ['ftp://localhost/a', false],
    ['https://user@mcp.example/a', false],
    ['https://user:word@mcp.example/a', false],
    ['https://:word@mcp.example/a', false],
    ['https://mcp.example/a#b', false],
    ['https://mcp.example/a#', false],
    ['https://mcp.example/a b', false],
    ['https://mcp.example\\a', false],
    ['https://MCP.example/a', false],
    ['https://mcp.example:443/a', false],
    ['https://mcp.example/a/../b', false],
    ['mcp.example', false],
    ['', false],
  ];
  for (const [text, isOne] of web) {
    test(`${text || 'nothing'} is ${isOne ? '' : 'not '}one of the web`, () => {
      assert.equal(isWebUrl(text), isOne);
      assert.equal(saidOf(fetchedUrl, text) === undefined, isOne);
    });
  }

  test('names this machine by its names alone', () => {
    for (const name of ['localhost', '[::1]', '127.0.0.1', '127.255.0.9']) assert.ok(isLoopback(name), name);
    for (const name of ['localhost.', '::1', '128.0.0.1', '127.0.0', 'a127.0.0.1', ''])
      assert.ok(!isLoopback(name), name);
  });

  const issuers: [text: string, isOne: boolean, isTrusted?: boolean][] = [
    ['https://id.example', true],
    ['https://id.example/tenant', true],
    ['https://id.example/', false, true],
    ['https://id.example/tenant/', false, true],
    ['https://id.example?a=b', false],
    ['https://id.example/tenant?', false],
    ['https://id.example/?a=b', false],
    ['https://id.example/#a', false],
    ['http://id.example', false],
    ['http://id.example/', false],
  ];
  for (const [text, isOne, isTrusted = isOne] of issuers) {
    test(`${text} is ${isOne ? '' : 'not '}an issuer (RFC 8414 §2)`, () => {
      assert.equal(saidOf(issuer, text) === undefined, isOne);
      assert.equal(saidOf(issuerOrLocal, text) === undefined, isOne);
      assert.equal(saidOf(trustedIssuer, text) === undefined, isTrusted, 'as one that is trusted');
    });
  }

  test('local stands for our own where it may', () => {
    assert.equal(saidOf(issuerOrLocal, 'local'), undefined);
    assert.equal(saidOf(trustedIssuer, 'local'), undefined);
    assert.notEqual(saidOf(issuer, 'local'), undefined);
  });

  const long = (length: number) => `https://c.example/${'a'.repeat(length - 'https://c.example/'.length)}`;
  const clientIds: [name: string, text: string, isOne: boolean][] = [
    ['with a path', 'https://c.example/client.json', true],
    ['with a query', 'https://c.example/client?v=1', true],
    ['of 256 characters', long(256), true],
    ['of 257 characters', long(257), false],
    ['without a path', 'https://c.example', false],
    ['with the root alone', 'https://c.example/', false],
    ['that is not https', 'http://localhost/client', false],
    ['that is none', 'https://', false],
    ['with a fragment', 'https://c.example/client#a', false],
    ['with a blank', 'https://c.example/cli ent', false],
    ['with a backslash', 'https://c.example\\client', false],
    ['with a user name', 'https://user@c.example/client', false],
    ['with a password', 'https://:word@c.example/client', false],
    ['with an @ and no name', 'https://@c.example/client', false],
    ['with a user name behind slashes too many', 'https:///user@c.example/client', false],
    ['with a user name in its query alone', 'https://c.example/client?a=user@b', true],
    ['with an @ in its path', 'https://c.example/@client', true],
    ['with a dot segment', 'https://c.example/a/../client', false],
    ['with an encoded dot segment', 'https://c.example/a/%2e%2e/client', false],
    ['with capitals in its host', 'https://C.example/client', false],
  ];
  for (const [name, text, isOne] of clientIds) {
    test(`${name} may ${isOne ? '' : 'not '}be a client id (CIMD §3)`, () => assert.equal(isClientIdUrl(text), isOne));
  }
});
