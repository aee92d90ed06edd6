import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { clientNamed, type DemoFile, mergeHalves, readDemoFile } from '../examples/acme/demo-file.ts';
import { runCredence, startServer } from '../examples/acme/server-process.ts';
import { json, openHttpServer } from '../packages/server/src/gateway/fixtures/http-server.ts';
import { freePorts } from '../packages/server/src/store/contract/free-ports.ts';
import { type PostgresServer, startPostgres } from '../packages/server/src/store/contract/postgres-server.ts';
import { toRolesSql } from '../packages/server/src/store/postgres-roles.ts';
import { agentOf, issue, onEnd, redeem, secretOf, stopWell, suiteScope, temporaryHome, tokenOf } from './harness.ts';
import { passOn } from './one-origin.ts';

// What deploy/kubernetes has: identity provider, authorization server and gateway are programs of their own, with a folder of keys and
// a database user each, on one database. What covers the store, and what seals the record, they find in folders that they share.

const timeoutMs = 60_000;
const parts = ['idp', 'ras', 'gateway'] as const;
type Part = (typeof parts)[number];

describe('three parts with a folder of keys each, on one database', () => {
  const scope = suiteScope(after);
  let postgres: PostgresServer;
  let demo: DemoFile;
  let folder = '';
  const homes = new Map<Part, string>();
  const configs = new Map<Part, Record<string, unknown>>();
  const homeOf = (part: Part) => homes.get(part) ?? '';

  before(async () => {
    const upstream = await openHttpServer();
    onEnd(scope, async () => upstream.close());
    upstream.answerWith(({ body }, outgoing) => {
      if (body?.id === undefined) return outgoing.writeHead(202).end();
      return json(outgoing, { jsonrpc: '2.0', id: body.id, result: { content: [{ type: 'text', text: 'called' }] } });
    });
    postgres = await startPostgres();
    onEnd(scope, () => postgres.close());
    await postgres.createDatabase('credence');
    const [idpPort, edgePort, rasPort = 0, gatewayPort = 0] = await freePorts(4);
    const [idpIssuer, rasIssuer] = [`http://localhost:${idpPort}`, `http://localhost:${edgePort}`];
    const edge = createServer((incoming, outgoing) => passOn(incoming, outgoing, { rasPort, gatewayPort }));
    edge.listen(edgePort, 'localhost');
    onEnd(scope, async () => void edge.close().closeAllConnections());

    for (const part of parts) homes.set(part, await temporaryHome(scope));
    folder = join(homeOf('idp'), '..');
    await mkdir(join(folder, 'claims'), { mode: 0o700 });
    await writeFile(join(folder, 'password'), 'of a node', { mode: 0o600 });
    await writeFile(join(folder, 'seal'), Buffer.alloc(32, 3), { mode: 0o600 });
    const access = `
servers: { tools: { resource: "${rasIssuer}/tools/mcp", ras: "${rasIssuer}", scopes: { run: {} } } }
clients: { claude-code: { redirect_uris: ["http://127.0.0.1/callback"], client_ids: { "${rasIssuer}": claude-code } } }
rules: [{ id: one, allow: all, on: tools, to: [group:engineering] }]
`;
    const resource = `
servers: { tools: { upstream: { http: "${upstream.url}" }, scopes: { run: {} }, tools: { "*": run } } }
clients: { claude-code: {} }
trust: { "${idpIssuer}": { keys: discovery, accounts: create, clients: [claude-code] } }
`;
    await writeFile(join(folder, 'access.yaml'), access);
    await writeFile(join(folder, 'resource.yaml'), resource);
    const claim = (name: string) => join(folder, 'claims', name);
    const common = {
      idp: { issuer: idpIssuer, port: idpPort },
      documents: { access: join(folder, 'access.yaml'), resource: join(folder, 'resource.yaml') },
    };
    const store = (user: string) => ({
      url: `postgres://${user}@127.0.0.1:${postgres.port}/credence`,
      passwordFile: user === 'postgres' ? postgres.passwordFile : join(folder, 'password'),
    });
    const signs = { sealKeyFile: join(folder, 'seal'), auditFolder: claim('audit') };
    for (const part of parts) {
      configs.set(part, {
        ...common,
        ras: { issuer: rasIssuer, port: part === 'gateway' ? gatewayPort : rasPort },
        store: store(part === 'gateway' ? 'node_gateway' : 'postgres'),
        keys: { folder: claim(part), digestFolder: claim('digest'), ...(part !== 'gateway' && signs) },
        ...(part === 'gateway' && {
          gateway: { revocations: { secretFiles: { tools: join(folder, 'tools.secret') } } },
        }),
      });
      await writeFile(join(homeOf(part), 'credence.yaml'), JSON.stringify(configs.get(part)));
    }

    // The owner of the tables makes them, and people and clients to try.
    const [idp, ras] = [await start('idp', '--demo'), await start('ras', '--demo')];
    const made = await runCredence(['client', 'secret', 'new', 'ras', 'server:tools', '--home', homeOf('ras')]);
    const secret = made.stdout.split('\n').find((line) => /^\s*[A-Za-z0-9_-]{43}$/.test(line));
    await writeFile(join(folder, 'tools.secret'), `${secret?.trim()}\n`, { mode: 0o600 });
    await Promise.all([idp, ras].map(stopWell));

    await postgres.run('credence', toRolesSql());
    for (const part of parts) {
      await postgres.run('credence', `CREATE ROLE node_${part} LOGIN PASSWORD 'of a node'`);
      await postgres.run('credence', `GRANT credence_${part} TO node_${part}`);
      const config = { ...configs.get(part), store: store(`node_${part}`) };
      await writeFile(join(homeOf(part), 'credence.yaml'), JSON.stringify(config));
    }
    demo = mergeHalves(await readDemoFile(homeOf('idp')), await readDemoFile(homeOf('ras')));
    const running = await Promise.all(parts.map((part) => start(part)));
    for (const one of running) onEnd(scope, () => stopWell(one));
    for (const issuer of [demo.idp.issuer, demo.ras.issuer]) {
      while ((await fetch(`${issuer}/readyz`)).status !== 200) await wait(100);
    }
  });

  const start = (part: Part, ...flags: string[]) =>
    startServer(['--home', homeOf(part), `--role=${part}`, ...flags], { timeoutMs });

  test('sign-in, ID-JAG, access token and tool call, each at its own part', async () => {
    const [server] = demo.servers;
    assert.ok(server);
    const agent = await agentOf(demo, 'alice');
    const grant = tokenOf(await issue(demo, server, agent.idToken, secretOf(agent.idp)));
    const token = tokenOf(await redeem(demo, grant, secretOf(clientNamed(demo, 'claude-code').ras)));
    const response = await fetch(server.resource, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        'mcp-protocol-version': '2025-11-25',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'any', arguments: {} } }),
    });
    assert.equal(response.status, 200, await response.clone().text());
    assert.match(await response.text(), /called/);
  });

  test('T24: all of them take the store for theirs; one record, sealed with one key by whichever comes first', async () => {
    const lines = await postgres.run('credence', `SELECT body FROM audit WHERE kind = 'alert'`);
    assert.deepEqual(
      lines.filter(({ body }) => /altered/.test(String(body))),
      [],
    );
    const { code, stdout } = await runCredence(['audit', 'verify', '--home', homeOf('ras')]);
    assert.equal(code, 0, stdout);
  });
});
