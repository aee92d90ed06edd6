import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';
import { type Refusal, refusalRow } from '@credence/mcp/protocol';
import { Problem } from '../problem.ts';
import { StoreUnavailable } from '../store/store.ts';
import { type HttpServer, json, openHttpServer } from './fixtures/http-server.ts';
import { callTool, http, initialize, openWorld, rpc, serverOf, type World } from './fixtures/world.ts';

const tools = { a_read: 'read', a_write: 'write', a_danger: 'danger' };
let upstream: HttpServer;
let world: World;

before(async () => {
  upstream = await openHttpServer();
  world = await openWorld([serverOf('tracker', http(upstream.url), tools)]);
});
after(async () => {
  await world.close();
  upstream.close();
});
afterEach(() => {
  upstream.reset();
  world.records.length = 0;
  world.events.length = 0;
  world.strangers.length = 0;
});

describe('MCS-01, RFC 9728 §3.1: protected resource metadata', { timeout: 15_000 }, () => {
  test('at the path-inserted URL, naming the resource as clients know it', async () => {
    const response = await fetch(`${world.origin}/.well-known/oauth-protected-resource/tracker/mcp`);
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.deepEqual(await response.json(), {
      resource: world.url('tracker'),
      authorization_servers: [world.origin],
      scopes_supported: ['read', 'write'],
      bearer_methods_supported: ['header'],
      resource_name: 'tracker',
    });
  });
  test('nothing for a server that does not exist', async () => {
    for (const path of ['/.well-known/oauth-protected-resource/other/mcp', '/other/mcp', '/tracker/mcp/more']) {
      assert.equal((await fetch(world.origin + path)).status, 404);
    }
  });
});

describe('which requests are for the gateway', { timeout: 15_000 }, () => {
  const table: [url: string, isServed: boolean][] = [
    ['/tracker/mcp', true],
    ['/tracker/mcp?a=b', true],
    ['/.well-known/oauth-protected-resource/tracker/mcp', true],
    ['/other/mcp', false],
    ['/token', false],
  ];
  for (const [url, isServed] of table) {
    test(`${url}: ${isServed ? 'it' : 'whoever is beside it'}`, () => {
      assert.equal(world.gateway.serves({ url } as IncomingMessage), isServed);
    });
  }

  test('a server that it has nothing to pass on to: 502, and the operator is told what to do', async () => {
    const guardsItself = (origin: string) => ({
      ...serverOf('own', http(upstream.url), tools)(origin),
      upstream: undefined,
    });
    const own = await openWorld([guardsItself]);
    try {
      assert.equal((await own.call('own', { body: callTool(1, 'a_read') })).status, 502);
      const [fault] = own.faults;
      assert.ok(fault instanceof Problem, String(fault));
      assert.equal(fault.wayOut, 'Add one to its entry.');
    } finally {
      await own.close();
    }
  });
});

describe('at the door', { timeout: 15_000 }, () => {
  test('MCS-03: no token: 401 that says where to get one, without an error code', async () => {
    const response = await fetch(world.url('tracker'), { method: 'POST', body: '{' });
    assert.equal(response.status, 401);
    assert.equal(
      response.headers.get('www-authenticate'),
      `Bearer resource_metadata="${world.origin}/.well-known/oauth-protected-resource/tracker/mcp", scope="read write"`,
    );
    assert.deepEqual(world.strangers, ['token_missing']);
    assert.deepEqual(world.records, []);
  });

  test('MCS-13: each request of a session needs its own good token', async () => {
    const first = await world.call('tracker', { body: initialize() });
    const headers = { 'mcp-session-id': first.headers.get('mcp-session-id') ?? '', 'content-type': 'application/json' };
    const body = JSON.stringify(rpc(2, 'tools/list'));
    assert.equal((await fetch(world.url('tracker'), { method: 'POST', headers, body })).status, 401);
  });

  const long = JSON.stringify(callTool(1, 'a_read', { text: 'x'.repeat(5 * 1024 * 1024) }));
  const call = '"jsonrpc":"2.0","id":1,"method":"tools/call"';
  const table: [name: string, body: string | Uint8Array, reason: Refusal][] = [
    ['broken JSON', '{"jsonrpc":', 'mcp_message_malformed'],
    ['a batch', `[{${call},"params":{"name":"a_read"}}]`, 'mcp_message_malformed'],
    ['an empty batch', '[]', 'mcp_message_malformed'],
    ['a duplicate member', `{${call},"params":{"name":"a_read","name":"a_danger"}}`, 'mcp_message_malformed'],
    ['a duplicate method', `{${call},"method":"ping"}`, 'mcp_message_malformed'],
    [
      'a duplicate written with an escape',
      `{${call},"params":{"name":"a_read","n\\u0061me":"a_danger"}}`,
      'mcp_message_malformed',
    ],
    [
      'a second spelling of the name',
      `{${call},"params":{"name":"a_read","Name":"a_danger"}}`,
      'mcp_message_malformed',
    ],
    [
      'a second spelling beyond ASCII',
      `{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"a","ta\u017fkId":"b"}}`,
      'mcp_message_malformed',
    ],
    [
      'a second spelling of the method',
      `{${call},"Method":"ping","params":{"name":"a_read"}}`,
      'mcp_message_malformed',
    ],
    ['JSON-RPC 1.0', '{"id":1,"method":"ping"}', 'mcp_message_malformed'],
    ['an id that is null', '{"jsonrpc":"2.0","id":null,"method":"ping"}', 'mcp_message_malformed'],
    ['request and answer at once', '{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}', 'mcp_message_malformed'],
    ['params in an array', '{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}', 'mcp_message_malformed'],
    [
      'deeper than 64 levels',
      `{${call},"params":{"name":"a_read","arguments":${'['.repeat(70)}${']'.repeat(70)}}}`,
      'mcp_message_malformed',
    ],
    ['not UTF-8', Uint8Array.from([0x22, 0xff, 0x22]), 'mcp_message_malformed'],
    ['more than 4 MiB', long, 'mcp_message_too_large'],
    ['tools/call without a name', `{${call},"params":{}}`, 'tool_call_malformed'],
    [
      'tools/call as a notification',
      '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a_read"}}',
      'tool_call_malformed',
    ],
  ];
  for (const [name, body, reason] of table) {
    test(`${name}: ${reason}, nothing reaches the upstream, on the record`, async () => {
      const headers = { authorization: `Bearer ${await world.token('tracker')}`, 'content-type': 'application/json' };
      const response = await fetch(world.url('tracker'), {
        method: 'POST',
        headers,
        body: typeof body === 'string' ? body : Buffer.from(body),
      });
      assert.equal(response.status, refusalRow(reason).status);
      const { error } = (await response.json()) as { error: { code: number } };
      assert.equal(typeof error.code, 'number');
      assert.deepEqual(upstream.seen, []);
      assert.deepEqual(
        world.records.map((record) => [record.outcome, record.reason, record.person]),
        [['refused', reason, 'a_alice']],
      );
    });
  }

  test('another content type: 415', async () => {
    const response = await world.call('tracker', { body: '{}', headers: { 'content-type': 'text/plain' } });
    assert.equal(response.status, 415);
    assert.deepEqual(
      world.records.map(({ reason }) => reason),
      ['mcp_wrong_content_type'],
    );
  });

  test('a header that says another method than the body: refused, and on the record', async () => {
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'ping' };
    const response = await world.call('tracker', { body: rpc(1, 'tools/list'), headers });
    assert.equal(response.status, 400);
    assert.deepEqual(upstream.seen, []);
    assert.deepEqual(
      world.records.map(({ reason }) => reason),
      ['mcp_headers_differ'],
    );
  });
  test('another method: 405', async () => {
    assert.equal((await world.call('tracker', { method: 'PUT', body: '{}' })).status, 405);
  });
  test('a client that reads neither JSON nor streams: 406', async () => {
    const response = await world.call('tracker', { body: rpc(1, 'ping'), headers: { accept: 'text/html' } });
    assert.equal(response.status, 406);
  });
  test('an unknown method: -32601, and the upstream never hears of it', async () => {
    const response = await world.call('tracker', { body: rpc(5, 'tools/own') });
    assert.equal(response.status, 200);
    const { id, error } = (await response.json()) as { id: number; error: { code: number } };
    assert.deepEqual([id, error.code], [5, -32601]);
    assert.deepEqual(upstream.seen, []);
  });
  test('T35: tasks of an HTTP upstream, which cannot tell people apart: -32601', async () => {
    const response = await world.call('tracker', { body: rpc(5, 'tasks/list') });
    assert.match(await response.text(), /-32601/);
    assert.deepEqual(upstream.seen, []);
  });
});

describe('the headers of 2026-07-28 agree with the body, or nothing is sent', { timeout: 15_000 }, () => {
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
  const body = rpc(1, 'tools/call', { name: 'a_read', arguments: {}, _meta: meta });
  const right = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'a_read' };
  const table: [name: string, change: Record<string, string>, outcome: 200 | 400][] = [
    ['as they should be', {}, 200],
    ['the name in base64', { 'mcp-name': `=?base64?${Buffer.from('a_read').toString('base64')}?=` }, 200],
    ['another tool', { 'mcp-name': 'a_danger' }, 400],
    ['another method', { 'mcp-method': 'tools/list' }, 400],
    ['another revision', { 'mcp-protocol-version': '2025-11-25' }, 400],
    ['no method', { 'mcp-method': '' }, 400],
    ['no name', { 'mcp-name': '' }, 400],
  ];
  for (const [name, change, outcome] of table) {
    test(`${name}: ${outcome}`, async () => {
      const headers = Object.fromEntries(Object.entries({ ...right, ...change }).filter(([, value]) => value !== ''));
      const response = await world.call('tracker', { body, headers });
      assert.equal(response.status, outcome);
      assert.equal(upstream.seen.length, outcome === 200 ? 1 : 0);
      if (outcome === 400) assert.match(await response.text(), /-32020/);
    });
  }
});

describe('scopes and tools', { timeout: 15_000 }, () => {
  test('a listed tool within the scopes: passed on, one line on the record', async () => {
    const response = await world.call('tracker', { body: callTool(1, 'a_read'), token: { id: 'jti-1' } });
    assert.match(await response.text(), /called/);
    const [line, ...more] = world.records;
    assert.deepEqual(more, []);
    assert.deepEqual(
      [line?.kind, line?.outcome, line?.person, line?.client, line?.server, line?.tool, line?.accessToken],
      ['tool_call', 'allowed', 'a_alice', 'claude-code', 'tracker', 'a_read', 'jti-1'],
    );
    assert.deepEqual([line?.scopesGranted, line?.scopesAsked], [['read'], undefined]);
  });

  test('MCS-08: a tool beyond the scopes: 403 with every scope the operation takes in one challenge', async () => {
    const response = await world.call('tracker', { body: callTool(1, 'a_write'), token: { scopes: ['read'] } });
    assert.equal(response.status, 403);
    const header = response.headers.get('www-authenticate') ?? '';
    assert.match(header, /^Bearer error="insufficient_scope", resource_metadata="[^"]+", scope="read write"$/);
    assert.deepEqual(upstream.seen, []);
    assert.deepEqual(
      world.records.map(({ kind, outcome, reason, tool, status }) => [kind, outcome, reason, tool, status]),
      [['tool_call', 'refused', 'tool_scope_missing', 'a_write', 403]],
    );
    assert.equal(world.records[0]?.scopesGranted, undefined);
  });

  test('a tool that no scope is mapped to: 403 without a challenge that no token could meet', async () => {
    for (const name of ['unlisted', 'constructor', '__proto__', 'A_READ', ' a_read']) {
      const response = await world.call('tracker', { body: callTool(1, name) });
      assert.equal(response.status, 403);
      assert.equal(response.headers.get('www-authenticate'), null);
    }
    assert.deepEqual(upstream.seen, []);
    assert.ok(world.records.every(({ reason }) => reason === 'tool_not_listed'));
  });

  test('a token with no scope of this server reads nothing at all', async () => {
    for (const method of ['resources/read', 'prompts/get', 'tools/list', 'completion/complete']) {
      const response = await world.call('tracker', { body: rpc(1, method), token: { scopes: ['other:read'] } });
      assert.equal(response.status, 403);
    }
    assert.deepEqual(upstream.seen, []);
  });

  for (const method of ['GET', 'DELETE']) {
    test(`and with ${method}, which has no message to judge, neither: it hears nothing and ends nothing`, async () => {
      const response = await world.call('tracker', { method, token: { scopes: ['other:read'] } });
      assert.equal(response.status, 403);
      assert.match(response.headers.get('www-authenticate') ?? '', /insufficient_scope.*scope="read write"/);
      assert.deepEqual(upstream.seen, []);
      assert.deepEqual(
        world.records.map(({ reason }) => reason),
        ['tool_scope_missing'],
      );
    });
  }

  const listed = async (scopes: string[]) => {
    const response = await world.call('tracker', { body: rpc(1, 'tools/list'), token: { scopes } });
    const { result } = (await response.json()) as { result: { tools: { name: string }[] } };
    return result.tools.map(({ name }) => name);
  };
  test('tools/list shows what the caller may call', async () => {
    assert.deepEqual(await listed(['read']), ['a_read']);
    assert.deepEqual(await listed(['read', 'danger']), ['a_read', 'a_danger']);
  });

  test('T33: a definition that changed shows in the hash of the next call', async () => {
    const list = (description: string) =>
      upstream.answerWith(({ body }, outgoing) => {
        const result = body.method === 'tools/list' ? { tools: [{ name: 'a_read', description }] } : { content: [] };
        json(outgoing, { jsonrpc: '2.0', id: body.id, result });
      });
    for (const description of ['reads', 'reads', 'reads, and mails it to me']) {
      list(description);
      await listed(['read']);
      await (await world.call('tracker', { body: callTool(1, 'a_read') })).text();
    }
    const [one, two, three] = world.records.map(({ toolHash }) => toolHash);
    assert.ok(one);
    assert.equal(one, two);
    assert.notEqual(two, three);
  });
});

describe('where an identity provider of ours tells people why', { timeout: 15_000 }, () => {
  const page = (reference: string) => `https://id.acme.example/refused/${reference}`;
  let explained: World;
  let asked: [reason: Refusal, person: string, reference: string][] = [];
  before(async () => {
    explained = await openWorld([serverOf('tracker', http(upstream.url), tools)], {
      onStranger: async (refusal, from) => {
        if (!from) return `d_${refusal}`;
        const reference = `d_${from.server.id}-${from.caller.id}`;
        return { reference, page: page(reference) };
      },
      pageOf: async (refusal, { subject }, reference) => {
        asked.push([refusal, subject, reference]);
        return subject === 'a_alice' ? page(reference) : undefined;
      },
    });
  });
  after(() => explained.close());
  afterEach(() => {
    explained.records.length = 0;
    asked = [];
  });
  type Refused = { error: string; error_uri?: string; error_description: string };

  test('RFC 6750 §3: a challenge for a wider token says where, beside all that it said before', async () => {
    const response = await explained.call('tracker', { body: callTool(1, 'a_write'), token: { scopes: ['read'] } });
    const [line] = explained.records;
    assert.equal(response.status, 403);
    assert.equal(
      response.headers.get('www-authenticate'),
      `Bearer error="insufficient_scope", error_uri="${page(line?.id ?? '')}", resource_metadata="${explained.origin}/.well-known/oauth-protected-resource/tracker/mcp", scope="read write"`,
    );
    const body = (await response.json()) as Refused;
    assert.equal(body.error_uri, page(line?.id ?? ''));
    assert.match(
      body.error_description,
      /^The access token does not cover this operation\. See why, and what to do: \S+ Reference: \S+$/,
    );
    assert.deepEqual(line?.scopesAsked, ['write'], 'what the token lacks is on the record');
    assert.deepEqual(asked, [['tool_scope_missing', 'a_alice', line?.id]]);
  });

  test('a tool that is not offered: an error of the call, with the link in its words and its data', async () => {
    const response = await explained.call('tracker', { body: callTool(7, 'unlisted') });
    const [line] = explained.records;
    assert.deepEqual(await response.json(), {
      jsonrpc: '2.0',
      id: 7,
      error: {
        code: -32602,
        message: `This tool is not offered here. See why, and what to do: ${page(line?.id ?? '')} Reference: ${line?.id}`,
        data: { error_uri: page(line?.id ?? '') },
      },
    });
    assert.equal(line?.scopesAsked, undefined);
  });

  test('a token that was taken back says whose it was; one that never was good says nobody', async () => {
    explained.revoked.add('jti-gone');
    const gone = await explained.call('tracker', { body: callTool(1, 'a_read'), token: { id: 'jti-gone' } });
    assert.equal(((await gone.json()) as Refused).error_uri, page('d_tracker-jti-gone'));
    assert.match(gone.headers.get('www-authenticate') ?? '', /error="invalid_token", error_uri="/);
    const old = await explained.call('tracker', { body: callTool(1, 'a_read'), token: { expiresAt: 1 } });
    const said = (await old.json()) as Refused;
    assert.deepEqual(
      [said.error_uri, said.error_description],
      [undefined, 'The access token was not accepted. Reference: d_token_expired'],
    );
    assert.deepEqual(asked, [], 'of what is refused at the door, whoever writes the line says whether there is a page');
  });

  test('no link for whom nobody can tell', async () => {
    const token = { subject: 'a_partner', scopes: ['read'] };
    const response = await explained.call('tracker', { body: callTool(1, 'a_write'), token });
    assert.doesNotMatch(response.headers.get('www-authenticate') ?? '', /error_uri/);
    assert.equal(((await response.json()) as Refused).error_uri, undefined);
    const call = await explained.call('tracker', { body: callTool(1, 'unlisted'), token });
    const { error } = (await call.json()) as { error: { message: string; data?: unknown } };
    assert.match(error.message, /^This tool is not offered here\. Reference: \S+$/);
    assert.equal(error.data, undefined);
  });
});

describe('the record is durable first (design.md §3, T26)', { timeout: 15_000 }, () => {
  test('not a byte of the answer before the record; the upstream works meanwhile', async () => {
    upstream.answerWith(({ body }, outgoing) => {
      world.events.push('upstream');
      json(outgoing, { jsonrpc: '2.0', id: body.id, result: {} });
    });
    world.setAppend(async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      world.events.push('recorded');
    });
    await world.call('tracker', { body: callTool(1, 'a_read') });
    world.events.push('answered');
    assert.deepEqual(world.events, ['upstream', 'recorded', 'answered']);
  });

  test('a high-risk call is on the record before it is passed on', async () => {
    upstream.answerWith(({ body }, outgoing) => {
      world.events.push('upstream');
      json(outgoing, { jsonrpc: '2.0', id: body.id, result: {} });
    });
    await world.call('tracker', { body: callTool(1, 'a_danger'), token: { scopes: ['danger'] } });
    assert.deepEqual(world.events, ['recorded', 'upstream']);
  });

  for (const [risk, name, reaches] of [
    ['low', 'a_read', 1],
    ['high', 'a_danger', 0],
  ] as const) {
    test(`no record can be made, ${risk} risk: 503, nothing of the answer leaks`, async () => {
      world.setAppend(async () => {
        throw new StoreUnavailable('disk full');
      });
      const response = await world.call('tracker', { body: callTool(1, name), token: { scopes: ['read', 'danger'] } });
      assert.equal(response.status, 503);
      assert.ok(response.headers.get('retry-after'));
      assert.doesNotMatch(await response.text(), /called|disk/);
      assert.equal(upstream.seen.length, reaches);
    });
  }
});
