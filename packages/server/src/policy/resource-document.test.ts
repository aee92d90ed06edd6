import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePolicy } from './parse.ts';

function saidOf(upstream: string): readonly string[] {
  const parsed = parsePolicy(`servers: { a: { scopes: { read: {} }, upstream: ${upstream} } }`, 'resource');
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('where the gateway finds an MCP server', () => {
  const url = 'servers.a.upstream.http: must be an http or https URL without user name, password or fragment';
  const command = 'servers.a.upstream.stdio: the command must be plain text';
  const upstreams: [upstream: string, said: string[]][] = [
    ['{ http: "https://a.example/mcp" }', []],
    ['{ http: "http://10.0.0.1:3000/mcp" }', []],
    ['{ http: "ftp://a.example/mcp" }', [url]],
    ['{ http: "https://user@a.example/mcp" }', [url]],
    ['{ http: "https://:word@a.example/mcp" }', [url]],
    ['{ http: "https://a.example/mcp#a" }', [url]],
    ['{ http: "https://a.example/mcp#" }', [url]],
    ['{ http: "a.example" }', [url]],
    ['{ stdio: [node, "{data}/server.js"] }', []],
    ['{ stdio: [""] }', [command]],
    ['{ stdio: ["{data}/server"] }', [command]],
  ];
  for (const [upstream, said] of upstreams) {
    test(`${upstream}: ${said.length === 0 ? 'let in' : 'refused'}`, () => assert.deepEqual(saidOf(upstream), said));
  }
});
