import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/client';
import { parseDocument } from 'yaml';
import { type Connection, connect, textOf } from '../examples/acme/agent.ts';
import { serverNamed } from '../examples/acme/demo-file.ts';
import { runCredence } from '../examples/acme/server-process.ts';
import { type Acme, agentOf, rawRequest, startAcme, suiteScope, temporaryHome } from './harness.ts';

const canary = 'canary-7f3a91';

const scope = suiteScope(after);
let acme: Acme;
before(async () => {
  const home = await temporaryHome(scope);
  // The tool that prints the environment wants two factors; here it is to be reached, and to find nothing.
  const access = parseDocument(await readFile(new URL('../examples/acme/access.yaml', import.meta.url), 'utf8'));
  const rules = access.toJS().rules as { id: string }[];
  access.deleteIn(['rules', rules.findIndex(({ id }) => id === 'env-needs-two-factors')]);
  await writeFile(join(home, 'access.yaml'), String(access));
  acme = await startAcme(scope, { home, env: { ...process.env, CREDENCE_CANARY: canary } });
});

async function withConnection<T>(
  person: string,
  serverName: string,
  work: (connection: Connection) => Promise<T>,
  client?: Client,
): Promise<T> {
  const agent = await agentOf(acme.demo, person);
  const connection = await connect(acme.demo, serverNamed(acme.demo, serverName), agent, client);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** The words of an answer, also of a refusal: an attack must find nothing in either. */
async function sayingOf({ client }: Connection, name: string, args: Record<string, unknown>): Promise<string> {
  return client.callTool({ name, arguments: args }).then(textOf, (error: Error) => error.message);
}

describe('a stdio upstream is a hostile child process (T36)', () => {
  test('the environment tool shows nothing of ours', async () => {
    const said = await withConnection('alice', 'everything', (connection) => sayingOf(connection, 'get-env', {}));
    const shown = JSON.parse(said) as Record<string, string>;
    assert.ok(!said.includes(canary), 'the canary of the server process');
    assert.ok(!said.includes(join(acme.home, 'demo.json')));
    const ours = Object.keys(process.env).filter((name) => !['PATH', 'HOME', 'LANG'].includes(name));
    assert.deepEqual(
      Object.keys(shown).filter((name) => ours.includes(name) || /CREDENCE|NODE_/.test(name)),
      [],
    );
    assert.notEqual(shown.HOME, process.env.HOME);
  });

  test('a client root file:/// does not open the home to the files server', async () => {
    let asked = 0;
    const client = new Client({ name: 'e2e', version: '1.0.0' }, { capabilities: { roots: { listChanged: true } } });
    client.setRequestHandler('roots/list', () => {
      asked += 1;
      return { roots: [{ uri: 'file:///', name: 'everything' }] };
    });
    const secrets = await readFile(join(acme.home, 'demo.json'), 'utf8');
    const { users } = JSON.parse(secrets) as { users: { password: string }[] };

    await withConnection(
      'alice',
      'files',
      async (connection) => {
        await client.sendRootsListChanged().catch(() => {}); // a refusal is as good as no effect
        await wait(500);
        const allowed = await sayingOf(connection, 'list_allowed_directories', {});
        const [documents = ''] = allowed.split('\n').slice(1);
        assert.ok(documents.endsWith('documents'), allowed);

        const paths = [
          join(acme.home, 'demo.json'),
          `${documents}/${relative(documents, join(acme.home, 'demo.json'))}`,
          '/etc/passwd',
          dirname(acme.home),
        ];
        for (const path of paths) {
          const said = [
            await sayingOf(connection, 'read_text_file', { path }),
            await sayingOf(connection, 'list_directory', { path }),
          ].join('\n');
          assert.match(said, /denied/i, path);
          assert.ok(!users.some(({ password }) => said.includes(password)), path);
          assert.doesNotMatch(said, /root:|\[FILE\]|\[DIR\]/, path);
        }
      },
      client,
    );
    assert.equal(asked, 0, 'roots/list reached the client');
  });
});

describe("one person's data is not another's (T35)", () => {
  const secret = 'the merger is on Friday';

  before(async () => {
    const flags = ['--home', acme.home, '--name', 'Bob', '--group', 'engineering'];
    const { code, stderr } = await runCredence(['person', 'add', 'bob@acme.example', ...flags]);
    assert.equal(code, 0, stderr);
    await wait(1100); // the running server has to hear of it
    await withConnection('alice', 'memory', async ({ client }) => {
      const entities = [{ name: 'plan', entityType: 'secret', observations: [secret] }];
      const result = await client.callTool({ name: 'create_entities', arguments: { entities } });
      assert.notEqual(result.isError, true, textOf(result));
    });
  });

  test("alice's memory is not bob's", async () => {
    const bob = await withConnection('bob', 'memory', (connection) => sayingOf(connection, 'read_graph', {}));
    assert.deepEqual(JSON.parse(bob), { entities: [], relations: [] });
    const alice = await withConnection('alice', 'memory', (connection) => sayingOf(connection, 'read_graph', {}));
    assert.ok(alice.includes(secret), 'and hers is still there');
  });

  test("bob's token does not open alice's session", async () => {
    const { resource } = serverNamed(acme.demo, 'memory');
    await withConnection('alice', 'memory', (alice) =>
      withConnection('bob', 'memory', async (bob) => {
        assert.ok(alice.session, 'the gateway keeps sessions');
        const response = await fetch(resource, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${bob.accessToken}`,
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            'mcp-session-id': alice.session,
            'mcp-protocol-version': '2025-11-25',
          },
          body: JSON.stringify({
            jsonrpc: '2.0',
            id: 1,
            method: 'tools/call',
            params: { name: 'read_graph', arguments: {} },
          }),
        });
        assert.equal(response.status, 404);
        assert.ok(!(await response.text()).includes(secret));
      }),
    );
  });
});

describe('one origin, one spelling (T38)', () => {
  const targets = [
    '//',
    '//token',
    '/%2Ftoken',
    '/%2f',
    '/..',
    '/../token',
    '/./token',
    '/token/..',
    '/%2e%2e/token',
    'http://evil.example/token',
  ];
  const listeners = () => [acme.demo.idp.issuer, acme.demo.ras.issuer, acme.demo.admin.url];

  test('a foreign Host is refused on every listener', async () => {
    for (const origin of listeners()) {
      for (const host of ['evil.example', 'evil.example:80', '127.0.0.1', 'localhost.evil.example']) {
        assert.equal(await rawRequest(origin, '/', { host }), 421, `${origin} as ${host}`);
      }
      assert.notEqual(await rawRequest(origin, '/', { host: new URL(origin).host }), 421, origin);
    }
  });

  test('a path with a second spelling is refused on every listener', async () => {
    for (const origin of listeners()) {
      const { host } = new URL(origin);
      for (const target of targets)
        assert.equal(await rawRequest(origin, target, { host }), 400, `${origin} ${target}`);
    }
  });

  test('no second spelling of the gateway path reaches a server', async () => {
    const { origin, host, pathname } = new URL(serverNamed(acme.demo, 'everything').resource);
    const spellings = [
      `/${pathname}`,
      pathname.replace('/mcp', '//mcp'),
      pathname.replace('/mcp', '%2Fmcp'),
      `/x/..${pathname}`,
    ];
    for (const target of spellings) assert.equal(await rawRequest(origin, target, { host }), 400, target);
    for (const target of [pathname.toUpperCase(), `${pathname}/`, `${pathname}/x`]) {
      assert.equal(await rawRequest(origin, target, { host }), 404, target);
    }
    assert.equal(await rawRequest(origin, pathname, { host }), 401, 'and the one spelling asks for a token');
  });

  test('X-Forwarded headers from nobody we trust change no address we publish', async () => {
    for (const issuer of [acme.demo.idp.issuer, acme.demo.ras.issuer]) {
      const headers = {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        forwarded: 'host=evil.example',
      };
      const response = await fetch(`${issuer}/.well-known/oauth-authorization-server`, { headers });
      const said = await response.text();
      assert.ok(!said.includes('evil.example'));
      assert.ok(said.includes(`"token_endpoint":"${issuer}/token"`), said);
    }
  });
});
