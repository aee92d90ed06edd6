import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ClientCapability, ResourceServer, Risk } from '../policy/model.ts';
import type { Exchange } from './exchange.ts';
import { asksForTooMuch, judge, mayAskClient } from './judge.ts';
import { type Message, parseMessage } from './message.ts';
import { judgeFromServer, refuseAsking } from './results.ts';
import { createToolBook } from './tools.ts';

const scopes = new Map<string, Risk>([
  ['read', 'low'],
  ['write', 'high'],
]);
const tools = new Map([
  ['look', 'read'],
  ['change', 'write'],
]);

function server(allow: readonly ClientCapability[] = [], kind: 'http' | 'stdio' = 'http'): ResourceServer {
  const upstream =
    kind === 'http' ? { kind, url: 'http://localhost:1/', allow } : { kind, command: 'x', args: [], allow };
  return {
    id: 's',
    name: 'S',
    resource: 'https://gateway.example/s/mcp',
    scopes,
    detailTypes: new Map(),
    defaultScopes: ['read'],
    tools,
    scopeOfTool: (tool) => tools.get(tool),
    upstream: upstream as ResourceServer['upstream'],
    isMcp: true,
    requiresBoundTokens: false,
  };
}
const message = (value: object): Message => {
  const parsed = parseMessage(JSON.stringify({ jsonrpc: '2.0', ...value }));
  assert.ok(parsed);
  return parsed;
};
const call = (name: unknown) => message({ id: 1, method: 'tools/call', params: { name } });

describe('MCS-06, MCS-08: what a client sends, judged by the scopes of its token', () => {
  test('a tool needs the scope it is mapped to', () => {
    assert.deepEqual(judge(call('look'), server(), ['read']), {
      outcome: 'pass',
      message: call('look'),
      tool: { name: 'look', scope: 'read', risk: 'low' },
    });
    const verdict = judge(call('change'), server(), ['read']);
    assert.deepEqual(verdict, {
      outcome: 'refuse',
      refusal: 'tool_scope_missing',
      tool: { name: 'change', scope: 'write', risk: 'high' },
      needs: ['read', 'write'],
    });
  });

  test('a tool that is listed nowhere, or is none, is refused', () => {
    const verdict = judge(call('other'), server(), ['read', 'write']);
    assert.deepEqual(verdict, {
      outcome: 'refuse',
      refusal: 'tool_not_listed',
      tool: { name: 'other', scope: undefined, risk: 'low' },
      needs: [],
    });
    assert.deepEqual(judge(call(5), server(), ['read']), {
      outcome: 'refuse',
      refusal: 'tool_call_malformed',
      needs: [],
    });
    const silent = message({ method: 'tools/call', params: { name: 'look' } });
    assert.deepEqual(judge(silent, server(), ['read']), {
      outcome: 'refuse',
      refusal: 'tool_call_malformed',
      needs: [],
    });
  });

  test('everything else needs one scope of this server', () => {
    const list = message({ id: 1, method: 'resources/list' });
    assert.deepEqual(judge(list, server(), ['read', 'of-another']), { outcome: 'pass', message: list });
    for (const held of [[], ['of-another']]) {
      const verdict = { outcome: 'refuse', refusal: 'tool_scope_missing', needs: ['read'] };
      assert.deepEqual(judge(list, server(), held), verdict);
      assert.deepEqual(judge(undefined, server(), held), verdict, 'a stream, say');
    }
    assert.deepEqual(judge(undefined, server(), ['read']), { outcome: 'pass', message: undefined });
  });

  const outcomes: [name: string, said: Message, server: ResourceServer, outcome: string][] = [
    ['an answer', message({ id: 1, result: {} }), server(), 'pass'],
    ['news', message({ method: 'notifications/progress' }), server(), 'pass'],
    ['what is no news', message({ method: 'logging/setLevel' }), server(), 'swallow'],
    ['roots that changed', message({ method: 'notifications/roots/list_changed' }), server(), 'swallow'],
    ['roots that are let through', message({ method: 'notifications/roots/list_changed' }), server(['roots']), 'pass'],
    ['news beside roots', message({ method: 'notifications/progress' }), server(['roots']), 'pass'],
    ['a method that MCP does not have', message({ id: 1, method: 'x/y' }), server(), 'unknown_method'],
    ['the same of a process', message({ id: 1, method: 'x/y' }), server([], 'stdio'), 'unknown_method'],
    ['a task over HTTP', message({ id: 1, method: 'tasks/get' }), server(), 'unknown_method'],
    ['a task of a process', message({ id: 1, method: 'tasks/get' }), server([], 'stdio'), 'pass'],
  ];
  for (const [name, said, at, outcome] of outcomes) {
    test(`${name}: ${outcome}`, () => assert.equal(judge(said, at, ['read']).outcome, outcome));
  }

  test('what the client offers is narrowed to what the entry allows, whatever its case', () => {
    const offered = { roots: {}, SAMPLING: {}, elicitation: {}, experimental: {} };
    const said = (params: object) => message({ id: 1, method: 'initialize', params });
    const passed = (params: object, allow: ClientCapability[]) => {
      const verdict = judge(said(params), server(allow), ['read']);
      assert.ok(verdict.outcome === 'pass');
      return verdict.message?.body.params;
    };
    assert.deepEqual(passed({ capabilities: offered, a: 1 }, ['sampling']), {
      capabilities: { SAMPLING: {}, experimental: {} },
      a: 1,
    });
    const name = 'io.modelcontextprotocol/clientCapabilities';
    assert.deepEqual(passed({ _meta: { [name]: offered, b: 1 } }, ['roots']), {
      _meta: { [name]: { roots: {}, experimental: {} }, b: 1 },
    });
    assert.deepEqual(passed({ capabilities: 5 }, []), { capabilities: 5 });
    assert.deepEqual(passed({ capabilities: { roots: {} }, _meta: { c: 1 } }, []), {
      capabilities: {},
      _meta: { c: 1 },
    });
  });
});

describe('what a server may ask of a client', () => {
  test('a ping always, the rest as the entry allows', () => {
    assert.equal(mayAskClient('ping', []), true);
    assert.equal(mayAskClient('sampling/createMessage', ['sampling']), true);
    assert.equal(mayAskClient('sampling/createMessage', ['roots', 'elicitation']), false);
    assert.equal(mayAskClient('x/y', ['roots', 'sampling', 'elicitation']), false);
    const refused = refuseAsking(message({ id: 1, method: 'roots/list' }), []);
    assert.deepEqual(refused?.error, { code: -32601, message: 'Not allowed by the gateway.' });
    assert.equal(refuseAsking(message({ id: 1, method: 'roots/list' }), ['roots']), undefined);
    assert.equal(refuseAsking(message({ method: 'roots/list' }), []), undefined);
  });

  const elicit = { method: 'elicitation/create' };
  const results: [name: string, result: unknown, tooMuch: boolean][] = [
    ['nothing', {}, false],
    ['what is no object', 5, false],
    ['what is allowed', { inputRequests: { a: { method: 'roots/list' } } }, false],
    ['something else as well', { inputRequests: { a: { method: 'roots/list' }, b: elicit } }, true],
    ['what is no request', { inputRequests: { a: 5 } }, true],
    ['a method that is none', { inputRequests: { a: { method: 5 } } }, true],
    ['a list', { inputRequests: [elicit] }, true],
    [
      'what is something else in other letters',
      { inputRequests: { a: { method: 'ping', Method: elicit.method } } },
      true,
    ],
  ];
  for (const [name, result, tooMuch] of results) {
    test(`a result that asks for ${name}: ${tooMuch ? 'too much' : 'let through'}`, () => {
      assert.equal(asksForTooMuch(result, ['roots']), tooMuch);
    });
  }
});

describe('what a server says, judged', () => {
  const from = (said: Message | undefined, allow: readonly ClientCapability[] = [], book = createToolBook()) =>
    judgeFromServer(said, { server: server(allow), caller: { scopes: ['read'] }, tools: book } as unknown as Exchange);

  test('nothing that is no JSON-RPC, and no request that is not allowed', () => {
    assert.deepEqual(from(undefined), { pass: false });
    const news = message({ method: 'notifications/progress' });
    assert.deepEqual(from(news), { pass: true, said: news });
    const asks = message({ id: 1, method: 'roots/list' });
    assert.deepEqual(from(asks, ['roots']), { pass: true, said: asks });
    assert.deepEqual(Object.keys(from(asks)), ['pass', 'refused']);
  });

  test('no result that asks for input, and no error that opens a page', () => {
    const asks = message({ id: 1, result: { inputRequests: { a: { method: 'elicitation/create' } } } });
    const opens = message({ id: 1, error: { code: -32042, message: 'm' } });
    for (const said of [asks, opens]) {
      const judged = from(said);
      assert.ok(judged.pass && judged.said.kind === 'response');
      assert.deepEqual(judged.said.body.error, {
        code: -32002,
        message: 'The server asked for input that is not allowed here.',
      });
      assert.deepEqual(from(said, ['elicitation']), { pass: true, said });
    }
    const fails = message({ id: 1, error: { code: -32000, message: 'm' } });
    assert.deepEqual(from(fails), { pass: true, said: fails });
    const odd = message({ id: 1, error: 'm' });
    assert.deepEqual(from(odd), { pass: true, said: odd });
  });

  const twofold: [name: string, body: object][] = [
    ['a second list of tools', { result: { tools: [], Tools: [{ name: 'other' }] } }],
    ['a list of tools in other letters alone', { result: { TOOLS: [{ name: 'other' }] } }],
    ['a question in other letters', { result: { inputrequests: { a: { method: 'elicitation/create' } } } }],
    ['a page to open, in other letters', { error: { code: 1, Code: -32042, message: 'm' } }],
  ];
  for (const [name, body] of twofold) {
    test(`some clients read names whatever their case: ${name} is not passed on`, () => {
      const judged = from(message({ id: 1, ...body }));
      assert.ok(judged.pass && judged.said.kind === 'response');
      assert.deepEqual(judged.said.body, {
        jsonrpc: '2.0',
        id: 1,
        error: { code: -32002, message: 'The server answered what can be read in two ways.' },
      });
    });
  }
  test('nor a tool with a second name', () => {
    const judged = from(message({ id: 1, result: { tools: [{ name: 'look', Name: 'other' }, { name: 'look' }] } }));
    assert.ok(judged.pass);
    assert.deepEqual(judged.said.body.result, { tools: [{ name: 'look' }] });
  });

  test('of a list of tools, whatever was asked, those that the token covers', () => {
    const book = createToolBook();
    const listed = [{ name: 'look' }, { name: 'change' }, { name: 'other' }, { name: 5 }, 'look', null];
    const judged = from(message({ id: 1, result: { tools: listed, nextCursor: 'c' } }), [], book);
    assert.ok(judged.pass);
    assert.deepEqual(judged.said.body.result, { tools: [{ name: 'look' }], nextCursor: 'c' });
    assert.equal(book.hashOf('s', 'change')?.length, 43);
    for (const result of [{ tools: 5 }, { content: [] }]) {
      const said = message({ id: 1, result });
      assert.deepEqual(from(said), { pass: true, said });
    }
  });
});

describe('T33: tools as they were listed', () => {
  const list = (book: ReturnType<typeof createToolBook>, ...definitions: object[]) =>
    book.filter(server(), ['read'], { tools: definitions } as never);

  test('a definition has one hash, whatever the order of its members, and another when it changes', () => {
    const book = createToolBook();
    assert.equal(book.hashOf('s', 'look'), null);
    list(book, { name: 'look', a: [{ d: 1, e: 2 }, null], b: { c: 1 } });
    const first = book.hashOf('s', 'look');
    list(book, { b: { c: 1 }, a: [{ e: 2, d: 1 }, null], name: 'look' });
    assert.equal(book.hashOf('s', 'look'), first);
    list(book, { name: 'look', a: [1], b: { c: 1 } });
    assert.notEqual(book.hashOf('s', 'look'), first);
    book.forget('s');
    assert.equal(book.hashOf('s', 'look'), null);
  });

  test('of one server no more than 5000 are remembered, and those stay up to date', () => {
    const book = createToolBook();
    list(book, ...Array.from({ length: 5001 }, (_, at) => ({ name: `t${at}` })));
    assert.equal(book.hashOf('s', 't4999')?.length, 43);
    assert.equal(book.hashOf('s', 't5000'), null);
    const before = book.hashOf('s', 't0');
    list(book, { name: 't0', changed: true });
    assert.notEqual(book.hashOf('s', 't0'), before);
  });

  test('nor a name longer than 1024, of which 5000 would fill our memory', () => {
    const book = createToolBook();
    const names = [1024, 1025].map((length) => 'x'.repeat(length));
    list(book, ...names.map((name) => ({ name })));
    assert.deepEqual(
      names.map((name) => book.hashOf('s', name) === null),
      [false, true],
    );
  });

  test('what is no list of tools is as it is', () => {
    const result = { tools: 'x' };
    assert.equal(createToolBook().filter(server(), ['read'], result), result);
  });
});
