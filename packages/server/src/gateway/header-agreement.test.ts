import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { disagreement } from './header-agreement.ts';
import { type Message, parseMessage } from './message.ts';

const revision = '2026-07-28';
const message = (value: object): Message => {
  const parsed = parseMessage(JSON.stringify({ jsonrpc: '2.0', ...value }));
  assert.ok(parsed);
  return parsed;
};
const meta = { _meta: { 'io.modelcontextprotocol/protocolVersion': revision } };
const nameOf = (name: string) => message({ id: 1, method: 'tools/call', params: { name, ...meta } });
const call = nameOf('a');
const headers = { 'mcp-protocol-version': revision, 'mcp-method': 'tools/call', 'mcp-name': 'a' };

describe('what the headers repeat of the body', () => {
  const table: [name: string, said: Message, change: object, words: RegExp | undefined][] = [
    ['the same', call, {}, undefined],
    ['the name in base64', call, { 'mcp-name': '=?base64?YQ==?=' }, undefined],
    ['the name in base64 without its padding', call, { 'mcp-name': '=?base64?YQ?=' }, /Mcp-Name differs/],
    ['base64 that goes on after its end for some', call, { 'mcp-name': '=?base64?YQ==Yg==?=' }, /Mcp-Name differs/],
    ['base64 with bits that some leave out', call, { 'mcp-name': '=?base64?YR==?=' }, /Mcp-Name differs/],
    ['what only begins so', nameOf('=?base64?YQ=='), { 'mcp-name': '=?base64?YQ==' }, undefined],
    ['what only ends so', nameOf('YQ==?='), { 'mcp-name': 'YQ==?=' }, undefined],
    [
      'a name that looks like base64, as it is',
      nameOf('=?base64?YQ==?='),
      { 'mcp-name': '=?base64?YQ==?=' },
      /differs/,
    ],
    ['base64 of another', call, { 'mcp-name': '=?base64?Yg==?=' }, /Mcp-Name differs/],
    ['another method', call, { 'mcp-method': 'tools/list' }, /Mcp-Method differs/],
    ['another name', call, { 'mcp-name': 'b' }, /Mcp-Name differs/],
    ['another revision', call, { 'mcp-protocol-version': '2025-06-18' }, /Version is missing, or differs/],
    ['no revision', call, { 'mcp-protocol-version': undefined }, /Version is missing, or differs/],
    ['no method', call, { 'mcp-method': undefined }, /Mcp-Method is missing/],
    ['no name', call, { 'mcp-name': undefined }, /Mcp-Name is missing/],
    [
      'a name where the body has none',
      message({ id: 1, method: 'tools/list', params: meta }),
      { 'mcp-method': 'tools/list' },
      /Mcp-Name differs/,
    ],
    [
      'a name in base64 where the body has none',
      message({ id: 1, method: 'tools/list', params: meta }),
      { 'mcp-method': 'tools/list', 'mcp-name': '=?base64?YQ==?=' },
      /Mcp-Name differs/,
    ],
    [
      'no name where none is',
      message({ id: 1, method: 'tools/list', params: meta }),
      { 'mcp-method': 'tools/list', 'mcp-name': undefined },
      undefined,
    ],
    [
      'a name in the body that is none',
      message({ id: 1, method: 'tools/call', params: { name: 5, ...meta } }),
      { 'mcp-name': undefined },
      undefined,
    ],
    [
      'nothing, with a body of before that revision',
      message({ id: 1, method: 'tools/call', params: { name: 'a' } }),
      { 'mcp-protocol-version': undefined, 'mcp-method': undefined, 'mcp-name': undefined },
      undefined,
    ],
    [
      'nothing, with a notification',
      message({ method: 'notifications/x', params: meta }),
      { 'mcp-protocol-version': undefined, 'mcp-method': undefined, 'mcp-name': undefined },
      undefined,
    ],
    ['another method than a notification', message({ method: 'notifications/x' }), {}, /Mcp-Method differs/],
    ['whatever, with an answer', message({ id: 1, result: {} }), {}, undefined],
  ];
  for (const [name, said, change, words] of table) {
    test(name, () => {
      const found = disagreement(said, { ...headers, ...change });
      if (words) assert.match(found ?? '', words);
      else assert.equal(found, undefined);
    });
  }

  for (const [method, member] of Object.entries({
    'prompts/get': 'name',
    'resources/read': 'uri',
    'tasks/get': 'taskId',
    'tasks/update': 'taskId',
    'tasks/cancel': 'taskId',
  })) {
    test(`of ${method} the name is its ${member}`, () => {
      const said = message({ id: 1, method, params: { [member]: 'a', ...meta } });
      assert.equal(disagreement(said, { ...headers, 'mcp-method': method }), undefined);
      assert.match(disagreement(said, { ...headers, 'mcp-method': method, 'mcp-name': 'b' }) ?? '', /Mcp-Name differs/);
    });
  }
});
