import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { serverNamed } from '../examples/acme/demo-file.ts';
import { runCredence, type ServerProcess, startServer } from '../examples/acme/server-process.ts';
import { issueCertificate, makeAuthority, oid } from '../packages/server/src/clients/fixtures/certificates.ts';
import { append, numbered, until } from '../packages/server/src/exports/fixtures.ts';
import { freePorts } from '../packages/server/src/store/contract/free-ports.ts';
import { startPostgres } from '../packages/server/src/store/contract/postgres-server.ts';
import { openSqliteStore } from '../packages/server/src/store/sqlite.ts';
import {
  type Acme,
  agentOf,
  exportAudit,
  issue,
  onEnd,
  redeem,
  secretOf,
  startAcme,
  stopWell,
  temporaryHome,
  tokenOf,
} from './harness.ts';

const main = fileURLToPath(new URL('../packages/server/src/main.ts', import.meta.url));

interface Arrived {
  readonly id: string;
  readonly chain: { readonly node: string; readonly seq: number };
}

const authority = makeAuthority('authority of the receivers');
const issued = issueCertificate({ alternatives: [{ dNSName: 'localhost' }], purposes: [oid.serverAuth] }, authority);

/** What a webhook receiver does with a request. */
type Mood = 'take' | 'fail' | 'hang' | 'drop';

async function webhookReceiver(t: TestContext, secret: string) {
  const arrived: Arrived[] = [];
  let mood: Mood = 'take';
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const server = createHttpsServer(issued, async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers;
    const mine = `v1,${createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')}`;
    if (signature !== mine) return response.writeHead(401).end();
    if (mood === 'hang') return;
    if (mood === 'drop') return request.socket.destroy();
    if (mood === 'fail') return response.writeHead(503).end();
    arrived.push(...JSON.parse(body));
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  onEnd(t, async () => {
    server.closeAllConnections();
    server.close();
  });
  const setMood = (to: Mood) => {
    mood = to;
  };
  return { arrived, setMood, url: `https://localhost:${(server.address() as AddressInfo).port}/in` };
}

async function syslogReceiver(t: TestContext) {
  const arrived: Arrived[] = [];
  const server = createTlsServer(issued, (socket) => {
    let text = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      text = Buffer.concat([text, chunk]);
      for (;;) {
        const [whole, length] = /^(\d+) /.exec(text.subarray(0, 12).toString('latin1')) ?? [];
        if (whole === undefined || text.length < whole.length + Number(length)) return;
        const message = text.subarray(whole.length, whole.length + Number(length)).toString();
        arrived.push(JSON.parse(message.slice(message.indexOf('{'))));
        text = text.subarray(whole.length + Number(length));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  onEnd(t, async () => void server.close());
  return { arrived, address: `localhost:${(server.address() as AddressInfo).port}` };
}

const readLines = async (file: string): Promise<Arrived[]> =>
  (await readFile(file, 'utf8').catch(() => ''))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** Nothing is missing; what came for the first time came in the order of its chain. */
function assertWhole(name: string, arrived: readonly Arrived[], record: readonly Record<string, unknown>[]): void {
  const ids = new Set(arrived.map(({ id }) => id));
  assert.deepEqual(
    record.filter(({ id }) => !ids.has(String(id))),
    [],
    `${name}: nothing is missing`,
  );
  const heads = new Map<string, number>();
  for (const { chain } of arrived) {
    const head = heads.get(chain.node) ?? 0;
    assert.ok(chain.seq <= head + 1, `${name}: ${chain.node} ${chain.seq} came behind ${head}`);
    heads.set(chain.node, Math.max(head, chain.seq));
  }
}

async function exchange({ demo }: Pick<Acme, 'demo'>, count: number): Promise<void> {
  const agent = await agentOf(demo, 'alice');
  const server = serverNamed(demo, 'everything');
  for (let times = 0; times < count; times++) {
    const idJag = tokenOf(await issue(demo, server, agent.idToken, secretOf(agent.idp)));
    await redeem(demo, idJag, secretOf(agent.ras));
  }
}

const statusOf = async (home: string) => {
  const { code, stdout } = await runCredence(['exports', 'status', '--json', '--home', home]);
  return {
    code,
    exports: JSON.parse(stdout) as { name: string; behind: number; lagSeconds: number; failing?: object }[],
  };
};

test('receivers that fail, hang and drop, and a server that is killed: all of the record arrives, in order', async (t) => {
  const home = await temporaryHome(t);
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const [webhook, syslog] = [await webhookReceiver(t, secret), await syslogReceiver(t)];
  const file = join(home, '..', 'record.jsonl');
  await writeFile(join(home, '..', 'ca.pem'), authority.cert);
  await writeFile(join(home, '..', 'secret'), secret);
  const config = {
    idp: { burst: 1_000_000 },
    egress: { ca: ['../ca.pem'] },
    exports: [
      { name: 'hook', kind: 'webhook', url: webhook.url, secretFile: '../secret' },
      { name: 'log', kind: 'syslog', address: syslog.address, ca: ['../ca.pem'] },
      { name: 'file', kind: 'file', path: '../record.jsonl' },
      { name: 'alerts', kind: 'file', path: '../alerts.jsonl', records: ['alert'], format: 'ocsf' },
    ],
  };
  await writeFile(join(home, 'credence.yaml'), JSON.stringify(config));
  const acme = await startAcme(t, { home, timeoutMs: 60_000 });
  let server: ServerProcess = acme.server;
  onEnd(t, () => stopWell(server));

  await exchange(acme, 5);
  for (const mood of ['fail', 'drop', 'hang'] as const) {
    webhook.setMood(mood);
    const began = performance.now();
    await exchange(acme, 3);
    assert.ok(performance.now() - began < 20_000, 'no token waits for a receiver');
    await wait(500);
  }
  const failing = await statusOf(home);
  assert.equal(failing.code, 1);
  assert.ok(failing.exports.find(({ name }) => name === 'hook')?.failing, 'it is said that nothing arrives');
  await server.stop('SIGKILL');
  webhook.setMood('take');
  server = await startServer(acme.flags, { timeoutMs: 60_000 });
  await exchange(acme, 5);

  const record = await exportAudit(home);
  await until('all of it', async () => (await statusOf(home)).exports.every(({ behind }) => behind === 0), 60_000);
  assert.equal((await statusOf(home)).code, 0);
  const arrived = { hook: webhook.arrived, log: syslog.arrived, file: await readLines(file) };
  for (const [name, lines] of Object.entries(arrived)) assertWhole(name, lines, record);
  const { length } = webhook.arrived;
  t.diagnostic(`${record.length} records; ${length} arrived at the webhook, ${syslog.arrived.length} at syslog`);

  // By command.
  const { stdout } = await runCredence(['exports', 'list', '--home', home]);
  assert.match(stdout, /^alerts +file +ocsf +\S+alerts\.jsonl +alert$/m);
  const tried = await runCredence(['exports', 'test', 'hook', '--home', home]);
  assert.match(tried.stdout, /^delivered: test_/);
  assert.match(String(webhook.arrived.at(-1)?.id), /^test_/);
  webhook.setMood('fail');
  const refused = await runCredence(['exports', 'test', 'hook', '--home', home]);
  assert.deepEqual([refused.code, refused.stdout], [1, 'away: status 503\n']);
  webhook.setMood('take');
  const before = webhook.arrived.length;
  const replayed = await runCredence(['exports', 'replay', 'hook', '--from', 'start', '--home', home]);
  assert.equal(replayed.code, 0, replayed.stderr);
  await until('all of it again', () => webhook.arrived.length >= before + record.length);
  const wrong = await runCredence(['exports', 'replay', 'hook', '--from', 'yesterday', '--home', home]);
  assert.match(wrong.stderr, /"yesterday" is no place of the record/);
  const nobody = await runCredence(['exports', 'test', 'hok', '--home', home]);
  assert.match(nobody.stderr, /There are: hook, log, file, alerts/);
  const act = (await exportAudit(home)).filter(({ detail }) => /^export hook set to position 0/.test(String(detail)));
  assert.equal(act.length, 1, 'that it was sent again is on the record');

  // The whole record at once.
  for (const [format, line] of [
    ['cef', /^CEF:0\|Credence\|/],
    ['csv', /^time,id,kind/],
    ['ocsf', /^\{"metadata":\{"version":"1\.2\.0"/],
  ] as const) {
    const whole = await runCredence(['audit', 'export', '--format', format, '--home', home]);
    assert.match(whole.stdout, line);
    assert.ok(whole.stdout.split('\n').length > record.length, format);
  }
});

test('whoever stops reading standard output holds up neither requests nor the end', async (t) => {
  const home = await temporaryHome(t);
  await writeFile(join(home, 'credence.yaml'), 'exports: [{ name: out, kind: stdout }]\n');
  const store = await openSqliteStore(join(home, 'store.db'), { node: 'test' });
  await append(store, ...Array.from({ length: 2000 }, (_, at) => numbered(at, { detail: 'x'.repeat(500) })));
  await store.close();
  const [port = 0] = await freePorts(1);
  const args = [main, 'serve', '--role', 'idp', '--home', home, '--idp-port', String(port)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  onEnd(t, async () => void child.kill('SIGKILL'));
  const answers = () =>
    fetch(`http://localhost:${port}/jwks`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until('it answers', answers);
  await wait(1500); // by now nothing more fits
  assert.ok(await answers());
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  assert.deepEqual(await Promise.race([ended, wait(10_000, 'never')]), [0, null]);
});

test('two nodes on PostgreSQL: one exports; when it is killed the other takes over within seconds', async (t) => {
  const postgres = await startPostgres();
  onEnd(t, () => postgres.close());
  await postgres.createDatabase('credence');
  const home = await temporaryHome(t);
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const webhook = await webhookReceiver(t, secret);
  await writeFile(join(home, '..', 'ca.pem'), authority.cert);
  await writeFile(join(home, '..', 'secret'), secret);
  const common = {
    store: { url: `postgres://postgres@127.0.0.1:${postgres.port}/credence`, passwordFile: postgres.passwordFile },
    keys: { folder: join(home, '..', 'keys') },
    egress: { ca: [join(home, '..', 'ca.pem')] },
    exports: [{ name: 'hook', kind: 'webhook', url: webhook.url, secretFile: join(home, '..', 'secret') }],
  };
  await writeFile(join(home, 'credence.yaml'), JSON.stringify({ ...common, idp: { burst: 1_000_000 } }));
  const acme = await startAcme(t, { home, timeoutMs: 60_000 });
  await exchange(acme, 3);
  await until('the first node exports', () => webhook.arrived.length > 0);
  const [idpPort, rasPort] = await freePorts(2);
  const otherHome = join(home, '..', 'second');
  await mkdir(otherHome, { mode: 0o700 });
  const second = join(home, '..', 'second.yaml');
  const { idp, ras } = acme.demo;
  const settings = {
    ...common,
    roles: ['idp', 'ras'],
    idp: { issuer: idp.issuer, port: idpPort },
    ras: { issuer: ras.issuer, port: rasPort },
    documents: { access: join(home, 'access.yaml'), resource: join(home, 'resource.yaml') },
  };
  await writeFile(second, JSON.stringify(settings));
  const other = await startServer(['--home', otherHome, '--config', second], { timeoutMs: 60_000 });
  onEnd(t, () => stopWell(other));
  await exchange(acme, 5);
  await acme.server.stop('SIGKILL');
  const killedAt = performance.now();
  const record = await exportAudit(home);
  const missing = () => record.filter(({ id }) => !webhook.arrived.some((line) => line.id === id)).length;
  await until('the other one takes over', () => /carried on by this node/.test(other.output()), 20_000);
  t.diagnostic(`taken over after ${((performance.now() - killedAt) / 1000).toFixed(1)} s`);
  await until('the rest', () => missing() === 0);
  assertWhole('hook', webhook.arrived, record);
});
