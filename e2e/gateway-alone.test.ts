import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { clientNamed, type DemoFile, mergeHalves, readDemoFile, userNamed } from '../examples/acme/demo-file.ts';
import { runCredence, type ServerProcess, startServer } from '../examples/acme/server-process.ts';
import { json, openHttpServer } from '../packages/server/src/gateway/fixtures/http-server.ts';
import { commands } from '../packages/server/src/gateway/fixtures/world.ts';
import { freePorts } from '../packages/server/src/store/contract/free-ports.ts';
import {
  agentOf,
  claimsOf,
  exportAudit,
  issue,
  onEnd,
  redeem,
  secretOf,
  stopWell,
  suiteScope,
  temporaryHome,
  tokenOf,
} from './harness.ts';
import { passOn } from './one-origin.ts';

// Three installations, each with a home of its own: the identity provider, the authorization server, and a gateway that knows
// of who is cut off only what it is told.

const mostMs = 1000;
const deafMs = 10_000;

describe('a gateway with a home of its own', () => {
  const scope = suiteScope(after);
  let [demo, gateway, ras]: [DemoFile | undefined, ServerProcess | undefined, ServerProcess | undefined] = [
    undefined,
    undefined,
    undefined,
  ];
  let [idpHome, gatewayHome] = ['', ''];
  let gatewayFlags: string[] = [];

  before(async () => {
    const upstream = await openHttpServer();
    onEnd(scope, async () => upstream.close());
    upstream.answerWith(({ method, body }, outgoing) => {
      if (method === 'GET') return outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      if (body?.id === undefined) return outgoing.writeHead(202).end();
      return json(outgoing, { jsonrpc: '2.0', id: body.id, result: { content: [{ type: 'text', text: 'called' }] } });
    });
    const [idpPort, adminPort, edgePort, rasPort = 0, gatewayPort = 0] = await freePorts(5);
    const [idpIssuer, rasIssuer] = [`http://localhost:${idpPort}`, `http://localhost:${edgePort}`];
    const edge = createServer((incoming, outgoing) => passOn(incoming, outgoing, { rasPort, gatewayPort }));
    edge.listen(edgePort, 'localhost');
    onEnd(scope, async () => void edge.close().closeAllConnections());
    idpHome = await temporaryHome(scope);
    const rasHome = await temporaryHome(scope);
    gatewayHome = await temporaryHome(scope);
    const entry = (name: string) =>
      `${name}: { resource: ${rasIssuer}/${name}/mcp, ras: ${rasIssuer}, scopes: { run: {} } }`;
    await writeFile(
      join(idpHome, 'access.yaml'),
      `
servers: { ${entry('tools')}, ${entry('tell')} }
clients: { claude-code: { redirect_uris: ["http://127.0.0.1/callback"], client_ids: { ${rasIssuer}: claude-code } } }
rules:
  - { id: one, allow: all, on: tools, to: [group:engineering, group:marketing] }
  - { id: two, allow: all, on: tell, to: [group:engineering, group:marketing] }
`,
    );
    const resourceDocument = `
servers:
  tools: { upstream: { http: "${upstream.url}" }, scopes: { run: {} }, tools: { "*": run } }
  tell: { upstream: { stdio: ["${commands.tell}"] }, scopes: { run: {} }, tools: { "*": run } }
clients: { claude-code: {} }
trust: { ${idpIssuer}: { keys: discovery, accounts: create, clients: [claude-code] } }
`;
    for (const home of [rasHome, gatewayHome]) await writeFile(join(home, 'resource.yaml'), resourceDocument);
    const ports = [`--idp-port=${idpPort}`, `--ras-port=${edgePort}`, `--admin-port=${adminPort}`];
    const idp = await startServer(['--demo', '--home', idpHome, ...ports, '--role=idp', '--role=admin']);
    onEnd(scope, () => stopWell(idp));
    await writeFile(join(rasHome, 'credence.yaml'), JSON.stringify({ ras: { issuer: rasIssuer, port: rasPort } }));
    const itsRas = await startServer(['--demo', '--home', rasHome, '--role=ras']);
    onEnd(scope, () => itsRas.stop('SIGKILL'));
    ras = itsRas;

    for (const name of ['tools', 'tell']) {
      const made = await runCredence(['client', 'secret', 'new', 'ras', `server:${name}`, '--home', rasHome]);
      assert.equal(made.code, 0, made.stderr);
      const secret = made.stdout.split('\n').find((line) => /^\s*[A-Za-z0-9_-]{43}$/.test(line));
      await writeFile(join(gatewayHome, `${name}.secret`), `${secret?.trim()}\n`, { mode: 0o600 });
    }
    const secretFiles = { tools: 'tools.secret', tell: 'tell.secret' };
    await writeFile(
      join(gatewayHome, 'credence.yaml'),
      JSON.stringify({ ras: { issuer: rasIssuer, port: gatewayPort }, gateway: { revocations: { secretFiles } } }),
    );
    await wait(1000); // secrets reach a running server within half a second
    gatewayFlags = ['--demo', '--home', gatewayHome, '--role=gateway'];
    gateway = await startServer(gatewayFlags);
    onEnd(scope, async () => void (gateway && (await stopWell(gateway))));
    demo = mergeHalves(await readDemoFile(idpHome), await readDemoFile(rasHome));
  });

  /** Somebody with an access token for one server, and no other. */
  const connect = async (name: string, server: string) => {
    assert.ok(demo);
    const target = demo.servers.find((each) => each.name === server);
    assert.ok(target);
    const agent = await agentOf(demo, name);
    const grant = tokenOf(await issue(demo, target, agent.idToken, secretOf(agent.idp)));
    const token = tokenOf(await redeem(demo, grant, secretOf(clientNamed(demo, 'claude-code').ras)));
    const headers: Record<string, string> = {
      authorization: `Bearer ${token}`,
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    };
    const url = target.resource;
    const send = (id: number, method: string, params: object) =>
      fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
      });
    return {
      token,
      headers,
      url,
      send,
      call: async (id: number) => {
        const response = await send(id, 'tools/call', { name: 'self', arguments: {} });
        await response.arrayBuffer();
        return response.status;
      },
    };
  };
  const until = async (is: () => boolean | Promise<boolean>, mostWaitMs: number) => {
    const startedAt = Date.now();
    while (!(await is()) && Date.now() - startedAt < mostWaitMs) await wait(10);
  };

  test('SIG-02, MCS-14: somebody switched off is let in no longer than a second; streams and processes end', async (t) => {
    assert.ok(demo && gateway);
    const { email } = userNamed(demo, 'alice');
    const tools = await connect('alice', 'tools');
    const tell = await connect('alice', 'tell');
    const bob = await connect('bob', 'tools');
    const clientInfo = { name: 'e2e', version: '1' };
    const opened = await tell.send(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    assert.equal(opened.status, 200, await opened.text());
    const stream = await fetch(tools.url, { headers: { ...tools.headers, accept: 'text/event-stream' } });
    assert.equal(stream.status, 200);
    let streamEndedAt = Number.POSITIVE_INFINITY;
    const ended = stream.arrayBuffer().then(() => {
      streamEndedAt = Date.now();
    });

    let [lastAcceptedAt, accepted, refused, isOver] = [0, 0, 0, false];
    const calling = (async () => {
      for (let id = 2; !isOver; id += 1) {
        const sentAt = Date.now();
        if ((await tools.call(id)) === 200) [lastAcceptedAt, accepted] = [sentAt, accepted + 1];
        else refused += 1;
      }
    })();
    await until(() => accepted >= 5, 5000);
    const startedAt = Date.now();
    const off = await runCredence(['person', 'off', email, '--home', idpHome]);
    assert.equal(off.code, 0, off.stderr);
    await until(() => refused >= 20, 5000);
    await Promise.race([ended, wait(3000)]);
    isOver = true;
    await calling;
    const line = (await exportAudit(idpHome)).find(
      ({ kind, timeMs }) => kind === 'admin' && Number(timeMs) >= startedAt,
    );
    const changedAt = Number(line?.timeMs);
    const gap = Math.max(0, lastAcceptedAt - changedAt);
    t.diagnostic(`${gap} ms to the last accepted call (of ${accepted}), ${streamEndedAt - changedAt} ms to the stream`);
    assert.ok(gap <= mostMs, `${gap} ms to the last accepted call`);
    assert.ok(streamEndedAt - changedAt <= 2 * mostMs, `${streamEndedAt - changedAt} ms to the end of the stream`);
    assert.equal(await tools.call(9), 401);
    assert.equal(await bob.call(9), 200, 'nobody else is touched');

    const account = String(claimsOf(tools.token).sub);
    const said = () => (gateway?.output() ?? '').split('\n').filter((each) => each.includes(account));
    await until(() => said().length >= 2, 3000);
    assert.match(said().join('\n'), /"server":"tools".*a stream has ended: its caller is cut off/);
    assert.match(said().join('\n'), /"server":"tell".*a session has ended: its caller is cut off/);
    assert.ok((await exportAudit(gatewayHome)).some(({ reason }) => reason === 'token_revoked'));
  });

  test('T20: the authorization server gone, it lets nobody in after 10 seconds, and says so', async (t) => {
    const bob = await connect('bob', 'tools');
    assert.equal(await bob.call(1), 200);
    const stream = await fetch(bob.url, { headers: { ...bob.headers, accept: 'text/event-stream' } });
    assert.equal(stream.status, 200);
    let isStreamOpen = true;
    void stream.arrayBuffer().then(() => {
      isStreamOpen = false;
    });
    await ras?.stop('SIGKILL');
    const goneAt = Date.now();
    await until(async () => (await bob.call(2)) !== 200, deafMs + 5000);
    const gap = Date.now() - goneAt;
    t.diagnostic(`${gap} ms to the first 503`);
    assert.ok(gap <= deafMs + 500, `${gap} ms`);
    assert.equal(await bob.call(3), 503);
    const words = /"server":"tools".*nothing is heard of who is cut off: requests are refused/;
    await until(() => words.test(gateway?.output() ?? '') && !isStreamOpen, 3000);
    assert.match(gateway?.output() ?? '', words);
    assert.equal(isStreamOpen, false);
    assert.ok((await exportAudit(gatewayHome)).some(({ reason }) => reason === 'revocations_unknown'));
  });

  test('SIG-05: without the setting it starts, and says that a token is then good until it expires', async () => {
    await gateway?.stop();
    await writeFile(join(gatewayHome, 'credence.yaml'), '{}');
    const [port] = await freePorts(1);
    const deaf = await startServer([...gatewayFlags, `--ras-port=${port}`]);
    assert.match(deaf.output(), /does not hear who is cut off: an access token is taken until it expires.*SIG-05/);
    await deaf.stop();
  });

  test('without the secret of a server it does not start, and says how to get one', async () => {
    await writeFile(join(gatewayHome, 'credence.yaml'), '{ "gateway": { "revocations": {} } }');
    await assert.rejects(
      startServer(gatewayFlags),
      /there is no secret for servers\.(tools|tell)[\s\S]*client secret new ras server:/,
    );
  });
});
