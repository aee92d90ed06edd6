import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyEdits } from '../policy/diff/edits.ts';
import type { Json } from '../policy/diff/entries.ts';
import { parseDocument } from '../policy/parse.ts';
import { type Enabling, editsToEnable } from './enable-server.ts';

const ras = 'https://mcp.linear.app';
const ours = 'https://mcp.acme.example';
const linear: Enabling = {
  id: 'linear',
  name: 'Linear',
  resource: `${ras}/mcp`,
  ras,
  scopes: [
    { name: 'read', risk: 'low', given: true },
    { name: 'write', risk: 'high', given: true },
    { name: 'admin', risk: 'medium', given: false },
  ],
  to: ['group:engineering', 'group:okta/design'],
  through: [{ id: 'claude-code' }],
};
const code = { name: 'Code', redirect_uris: ['http://localhost/a'], client_ids: { 'https://a.example': 'code-at-a' } };

function enabled(document: Json, change: Partial<Enabling> = {}) {
  const edits = editsToEnable(document, { ...linear, ...change }, ours);
  if (!edits.ok) return { refusal: edits.refusal, detail: edits.detail };
  const edited = applyEdits(document, edits.value) as { [key: string]: never };
  const parsed = parseDocument(edited, 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return { servers: edited.servers, clients: edited.clients as unknown as Json, rules: edited.rules };
}

describe('a server that is to be reached', () => {
  test('from nothing: its entry, a client of the catalogue, and a rule that allows what is given', () => {
    const { servers, clients, rules } = enabled({});
    assert.deepEqual(servers, {
      linear: {
        name: 'Linear',
        resource: `${ras}/mcp`,
        ras,
        scopes: { read: {}, write: { risk: 'high' }, admin: { risk: 'medium' } },
      },
    });
    assert.deepEqual(clients, {
      'claude-code': {
        name: 'Claude Code',
        redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
        // Its secret lies on every laptop it runs on (T02).
        distributed: true,
        client_ids: { [ras]: 'claude-code' },
      },
    });
    assert.deepEqual(rules, [
      { allow: ['read', 'write'], on: 'linear', to: linear.to, through: ['claude-code'], id: 'engineering-linear' },
    ]);
  });

  const clients: [name: string, through: Enabling['through'][number], entry: Json][] = [
    [
      'one that is there gets an id at the authorization server',
      { id: 'code' },
      { ...code, client_ids: { ...code.client_ids, [ras]: 'code' } },
    ],
    [
      'by the name that is given',
      { id: 'code', clientId: 'c-7' },
      { ...code, client_ids: { ...code.client_ids, [ras]: 'c-7' } },
    ],
    [
      'one that runs at its vendor has its secret in one place',
      { id: 'claude' },
      {
        name: 'Claude',
        redirect_uris: ['https://claude.ai/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback'],
        client_ids: { [ras]: 'claude' },
      },
    ],
    [
      'unless somebody says otherwise',
      { id: 'claude', distributed: true },
      {
        name: 'Claude',
        redirect_uris: ['https://claude.ai/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback'],
        distributed: true,
        client_ids: { [ras]: 'claude' },
      },
    ],
    [
      'one of which only the document is known goes by it',
      { id: 'zed' },
      {
        name: 'Zed',
        metadata: 'https://zed.dev/oauth/client-metadata.json',
        client_ids: { [ras]: 'https://zed.dev/oauth/client-metadata.json' },
      },
    ],
  ];
  for (const [name, through, entry] of clients) {
    test(`a client: ${name}`, () => {
      const found = enabled({ clients: { code } }, { through: [through] });
      assert.deepEqual(found.clients?.[through.id], entry);
      assert.deepEqual(found.clients?.code, through.id === 'code' ? entry : code, 'the others stay as they are');
    });
  }

  test('a client that has an id there already keeps it, and its entry is not touched', () => {
    const there = { ...code, client_ids: { [ras]: 'c-7' } };
    for (const through of [{ id: 'code' }, { id: 'code', clientId: 'c-7' }]) {
      const edits = editsToEnable({ clients: { code: there } }, { ...linear, through: [through] }, ours);
      assert.deepEqual(edits.ok && edits.value.map(({ section }) => section), ['servers', 'rules']);
    }
    const other = enabled({ clients: { code: there } }, { through: [{ id: 'code', clientId: 'c-8' }] });
    assert.equal(other.refusal, 'api_conflict', 'others rest on it');
  });

  test('a client that has an id at ours by the name of local keeps that for ours: elsewhere it is called by its own', () => {
    const local = { ...code, client_ids: { local: 'c-7' } };
    const entryAt = (of: string) =>
      enabled({ clients: { code: local } }, { ras: of, resource: `${of}/mcp`, through: [{ id: 'code' }] }).clients
        ?.code;
    assert.deepEqual(entryAt(ours), local);
    assert.deepEqual(entryAt(ras), { ...code, client_ids: { local: 'c-7', [ras]: 'code' } });
  });

  test('the rule has a name of its own, whoever it is for', () => {
    const rules = [{ id: 'engineering-linear', allow: ['x'], on: 'o', to: ['everyone'] }];
    const idOf = (document: Json, to: string[]) => {
      const edits = editsToEnable(document, { ...linear, to }, ours);
      return edits.ok && edits.value.at(-1)?.id;
    };
    assert.equal(idOf({ rules }, ['group:engineering']), 'engineering-linear-2');
    assert.equal(idOf({}, ['group:okta/Design & Brand']), 'okta-Design-Brand-linear');
    assert.equal(idOf({}, ['everyone']), 'everyone-linear');
    assert.equal(idOf({}, ['group:---']), 'linear');
  });

  test('is refused where it is there already, or where nobody knows the client', () => {
    assert.equal(enabled({ servers: { linear: {} } }).refusal, 'api_conflict');
    for (const id of ['nobody', 'cursor']) {
      assert.equal(enabled({}, { through: [{ id }] }).refusal, 'api_value_invalid');
    }
  });
});
