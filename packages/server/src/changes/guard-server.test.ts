import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyEdits } from '../policy/diff/edits.ts';
import type { Json } from '../policy/diff/entries.ts';
import { parseDocument } from '../policy/parse.ts';
import { editsToGuard, type Guarding, strictest } from './guard-server.ts';

const origins = { idp: 'https://id.acme.example', ras: 'https://mcp.acme.example' };
const wiki: Guarding = {
  name: 'Wiki',
  resource: `${origins.ras}/wiki/mcp`,
  scopes: [
    { name: 'pages:read', risk: 'low' },
    { name: 'pages:write', risk: 'high' },
  ],
  upstream: { http: 'http://127.0.0.1:9/mcp' },
  clients: [{ id: 'code', idHere: 'code', name: 'Code' }],
};
const trust = (clients: readonly string[], more: Json = {}) => ({
  keys: 'discovery',
  accounts: 'create',
  clients: [...clients],
  ...more,
});

function guarded(document: Json, change: Partial<Guarding> = {}) {
  const edits = editsToGuard(document, { ...wiki, ...change }, origins);
  if (!edits.ok) return { refusal: edits.refusal, detail: edits.detail };
  const edited = applyEdits(document, edits.value);
  const parsed = parseDocument(edited, 'resource');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return edited;
}

describe('what the resource document lacks before a server of ours is reached', () => {
  test('the server, with the strictest scope for every tool; the client; and the word of our identity provider for it', () => {
    assert.deepEqual(guarded({ clients: { other: {} }, trust: { local: trust(['other']) } }), {
      servers: {
        wiki: {
          name: 'Wiki',
          upstream: { http: 'http://127.0.0.1:9/mcp' },
          scopes: { 'pages:read': {}, 'pages:write': { risk: 'high' } },
          tools: { '*': 'pages:write' },
        },
      },
      clients: { other: {}, code: { name: 'Code' } },
      trust: { local: trust(['other', 'code']) },
    });
  });

  test('where it really is nobody guesses: without an upstream no server', () => {
    const { servers, clients } = guarded({}, { upstream: undefined }) as Json;
    assert.deepEqual([servers, Object.keys(clients as Json)], [undefined, ['code']]);
  });

  const clients: [
    name: string,
    document: Json,
    idHere: string,
    clients: Json | undefined,
    speaks: readonly string[],
  ][] = [
    ['that is there stays as it is', { clients: { code: { name: 'X' } } }, 'code', { code: { name: 'X' } }, ['code']],
    [
      'that is known by its metadata document',
      { clients: { editor: { metadata: 'https://zed.dev/c.json' } } },
      'https://zed.dev/c.json',
      { editor: { metadata: 'https://zed.dev/c.json' } },
      ['editor'],
    ],
    [
      'that is new, and has a metadata document',
      {},
      'https://zed.dev/c.json',
      { code: { name: 'Code', metadata: 'https://zed.dev/c.json' } },
      ['code'],
    ],
    [
      'whose name another has, is for a person to look at',
      { clients: { code: { metadata: 'https://zed.dev/other.json' } } },
      'https://zed.dev/c.json',
      { code: { metadata: 'https://zed.dev/other.json' } },
      [],
    ],
    ['that nobody can be called here (T40)', {}, 'a;curl evil', undefined, []],
  ];
  for (const [name, document, idHere, expected, speaks] of clients) {
    test(`a client ${name}`, () => {
      const before = {
        ...document,
        clients: { other: {}, ...(document.clients as Json) },
        trust: { local: trust(['other']) },
      };
      const after = guarded(before, { clients: [{ id: 'code', idHere, name: 'Code' }] }) as Json;
      assert.deepEqual(after.clients, { other: {}, ...expected });
      assert.deepEqual((after.trust as { local: unknown }).local, trust(['other', ...speaks]));
    });
  }

  test('an issuer is trusted by a person: by its URL as well, and never by this', () => {
    const known = { clients: { code: {}, other: {} } };
    const ofIdp = guarded({ ...known, trust: { [origins.idp]: trust(['other']) } }) as { trust: Json };
    assert.deepEqual(ofIdp.trust, { [origins.idp]: trust(['other', 'code']) });
    const stays = [
      {},
      { trust: { 'https://okta.example': trust(['other']) } },
      { trust: { local: trust(['code']) } },
      { trust: { local: { keys: 'discovery', tenants: { a: { accounts: 'create', clients: ['other'] } } } } },
    ];
    for (const document of stays) {
      const { trust: after } = guarded({ ...known, ...document }) as Json;
      assert.deepEqual(after, (document as Json).trust);
    }
  });

  test('where our identity provider may speak for some servers, it may speak for this one as well', () => {
    const document = { servers: { docs: { scopes: { read: {} } } }, clients: { code: {} } };
    const local = (more: Json) => ({ ...document, trust: { local: trust(['code'], more) } });
    const trustAfter = (more: Json, change?: Partial<Guarding>) =>
      (guarded(local(more), change) as { trust: Json }).trust;
    const after = { local: trust(['code'], { servers: { docs: ['read'], wiki: 'all' } }) };
    assert.deepEqual(trustAfter({ servers: { docs: ['read'] } }), after);
    assert.deepEqual(trustAfter({}), { local: trust(['code']) }, 'it may speak for all');
    const isHere = { resource: `${origins.ras}/docs/mcp`, upstream: undefined };
    assert.deepEqual(trustAfter({ servers: { docs: ['read'] } }, isHere), local({ servers: { docs: ['read'] } }).trust);
    const elsewhere = { ...isHere, resource: `${origins.ras}/away/mcp` };
    assert.deepEqual(trustAfter({ servers: { docs: 'all' } }, elsewhere), local({ servers: { docs: 'all' } }).trust);
    const two = {
      ...local({ servers: { docs: 'all' } }),
      servers: { docs: document.servers.docs, wiki: { scopes: { r: {} } } },
    };
    const { trust: known } = guarded(two, { upstream: undefined }) as { trust: Json };
    assert.deepEqual(known, { local: trust(['code'], { servers: { docs: 'all', wiki: 'all' } }) });
  });

  test('an upstream is for a server that the gateway here can have, and does not have yet', () => {
    for (const resource of [
      'https://mcp.acme.example.evil.example/wiki/mcp',
      `${origins.ras}/wiki`,
      `${origins.ras}/a/b/mcp`,
    ]) {
      assert.equal(guarded({}, { resource }).refusal, 'api_value_invalid', resource);
    }
    const there = { servers: { wiki: { scopes: { a: {} } } } };
    assert.equal(guarded(there).refusal, 'api_conflict');
    assert.deepEqual((guarded(there, { upstream: undefined }) as Json).servers, there.servers);
  });
});

test('what every tool needs until somebody has said what each needs: the most', () => {
  assert.equal(
    strictest([
      ['a', 'low'],
      ['b', 'medium'],
      ['c', 'medium'],
    ]),
    'b',
  );
  assert.equal(strictest([]), '');
});
