import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Agent, connect } from '../examples/acme/agent.ts';
import { type DemoServer, serverNamed } from '../examples/acme/demo-file.ts';
import { runCredence, type ServerProcess, startServer } from '../examples/acme/server-process.ts';
import { freePorts } from '../packages/server/src/store/contract/free-ports.ts';
import { type PostgresServer, startPostgres } from '../packages/server/src/store/contract/postgres-server.ts';
import {
  type Acme,
  type Answer,
  agentOf,
  claimsOf,
  exportAudit,
  onEnd,
  secretOf,
  startAcme,
  stopWell,
  suiteScope,
  temporaryHome,
  tokenOf,
} from './harness.ts';

// Two nodes behind one name each: they have a home each, one folder of keys and one database. What arrives at either is
// answered as if there were one.

/** Two servers and a database start beside whatever else this machine does. */
const timeoutMs = 60_000;

const scope = suiteScope(after);
let postgres: PostgresServer;
let acme: Acme;
let second: ServerProcess;
let agent: Agent;
let server: DemoServer;
/** Where to connect for each issuer, at each node. */
const nodes: { idp: number; ras: number }[] = [];
let startSecond: (...flags: string[]) => Promise<ServerProcess>;

before(async () => {
  postgres = await startPostgres();
  onEnd(scope, () => postgres.close());
  await postgres.createDatabase('credence');
  const home = await temporaryHome(scope);
  const keys = join(home, '..', 'keys');
  const common = {
    store: { url: `postgres://postgres@127.0.0.1:${postgres.port}/credence`, passwordFile: postgres.passwordFile },
    keys: { folder: keys },
  };
  // One person plays everybody here, who together are not held to the pace of one.
  await writeFile(join(home, 'credence.yaml'), JSON.stringify({ ...common, idp: { burst: 1_000_000 } }));
  acme = await startAcme(scope, { home, timeoutMs });
  const { idp, ras } = acme.demo;
  const [idpPort = 0, rasPort = 0] = await freePorts(2);
  nodes.push({ idp: Number(new URL(idp.issuer).port), ras: Number(new URL(ras.issuer).port) });
  nodes.push({ idp: idpPort, ras: rasPort });

  const otherHome = join(home, '..', 'second');
  await mkdir(otherHome, { mode: 0o700 });
  const settings = {
    ...common,
    roles: ['idp', 'ras'],
    idp: { issuer: idp.issuer, port: idpPort, burst: 1_000_000 },
    ras: { issuer: ras.issuer, port: rasPort },
    documents: { access: join(home, 'access.yaml'), resource: join(home, 'resource.yaml') },
  };
  // In another place than the home: commands find it all the same.
  const config = join(home, '..', 'second.yaml');
  await writeFile(config, JSON.stringify(settings));
  startSecond = (...flags) => startServer(['--home', otherHome, '--config', config, ...flags], { timeoutMs });
  second = await startSecond();
  onEnd(scope, () => stopWell(second));
  agent = await agentOf(acme.demo, 'alice');
  server = serverNamed(acme.demo, 'everything');
});

/** POSTs a form to the token endpoint of an issuer, as a load balancer passes it to one of the nodes. */
function post(part: 'idp' | 'ras', node: number, form: Record<string, string>): Promise<Answer> {
  const body = new URLSearchParams(form).toString();
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: 'localhost',
        port: nodes[node]?.[part],
        method: 'POST',
        path: '/token',
        agent: false,
        headers: {
          host: new URL(acme.demo[part].issuer).host,
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': Buffer.byteLength(body),
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
      },
    );
    sent.once('error', reject).end(body);
  });
}

/** What each node answers a probe at its port, which names no issuer. */
const readiness = () =>
  Promise.all(nodes.map(async ({ idp }) => (await fetch(`http://127.0.0.1:${idp}/readyz`)).status));

const issue = (node: number) =>
  post('idp', node, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
    subject_token: agent.idToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    audience: acme.demo.ras.issuer,
    resource: server.resource,
    ...secretOf(agent.idp),
  });
const redeem = (node: number, assertion: string) =>
  post('ras', node, {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion,
    ...secretOf(agent.ras),
  });

/** The ids of the tokens that clients received. */
interface Received {
  readonly idJags: string[];
  readonly accessTokens: string[];
}

/** One ID-JAG and its token, at nodes of choice; what is not a success is returned. */
async function pair(issuer: number, redeemer: number, received: Received): Promise<Answer | undefined> {
  const issued = await issue(issuer);
  if (issued.status !== 200) return issued;
  const idJag = tokenOf(issued);
  received.idJags.push(String(claimsOf(idJag).jti));
  const redeemed = await redeem(redeemer, idJag);
  if (redeemed.status !== 200) return redeemed;
  received.accessTokens.push(String(claimsOf(tokenOf(redeemed)).jti));
  return undefined;
}

/** Waits until so many more pairs were received. */
async function more({ accessTokens }: Received, count: number): Promise<void> {
  const wanted = accessTokens.length + count;
  for (let attempt = 0; accessTokens.length < wanted; attempt++) {
    assert.ok(attempt < 600, `${accessTokens.length} of ${wanted} pairs`);
    await wait(50);
  }
}

/** Everything that was received is on the record. */
async function assertRecorded({ idJags, accessTokens }: Received): Promise<void> {
  const record = await exportAudit(acme.home);
  const of = (kind: string, member: string) =>
    new Set(record.filter((line) => line.kind === kind).map((line) => line[member]));
  const [issued, redeemed] = [of('issuance', 'idJag'), of('redemption', 'accessToken')];
  assert.deepEqual(
    idJags.filter((jti) => !issued.has(jti)),
    [],
  );
  assert.deepEqual(
    accessTokens.filter((jti) => !redeemed.has(jti)),
    [],
  );
}

describe('one database, two nodes', () => {
  test('sign in, ID-JAG, token, call; and what one node issues the other redeems', async () => {
    const { client } = await connect(acme.demo, server, agent);
    const { content } = await client.callTool({ name: 'echo', arguments: { message: 'from PostgreSQL' } });
    assert.match(JSON.stringify(content), /from PostgreSQL/);
    await client.close();
    const received: Received = { idJags: [], accessTokens: [] };
    for (const [issuer, redeemer] of [
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const) {
      assert.equal(await pair(issuer, redeemer, received), undefined);
    }
    await assertRecorded(received);
  });

  test('an ID-JAG raced over both nodes is redeemed once', async () => {
    for (let round = 0; round < 4; round++) {
      const idJag = tokenOf(await issue(round % 2));
      const answers = await Promise.all([0, 1, 0, 1].map((node) => redeem(node, idJag)));
      assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 400, 400, 400]);
      for (const { status, body } of answers) if (status === 400) assert.equal(body.error, 'invalid_grant');
    }
  });

  test('who is switched off at one place gets nothing at either', async () => {
    const turn = async (act: string) => {
      const { code, stderr } = await runCredence(['person', act, 'alice@acme.example', '--home', acme.home]);
      assert.equal(code, 0, stderr);
    };
    await turn('off');
    for (const node of [0, 1]) assert.equal((await issue(node)).status, 400);
    await turn('on');
    agent = await agentOf(acme.demo, 'alice');
    for (const node of [0, 1]) assert.equal((await issue(node)).status, 200);
  });

  test('commands find the store by the home, also where the configuration is elsewhere', async () => {
    for (const home of [acme.home, join(acme.home, '..', 'second')]) {
      const { code, stdout } = await runCredence(['person', 'list', '--home', home]);
      assert.equal(code, 0);
      assert.match(stdout, /alice@acme\.example/);
    }
    const keys = await Promise.all(
      [acme.home, join(acme.home, '..', 'second')].map((home) =>
        runCredence(['keys', 'list', '--json', '--home', home]),
      ),
    );
    const kidsOf = (text: string) => [...text.matchAll(/"kid":"([^"]+)"/g)].map(([, kid]) => kid);
    assert.ok(kidsOf(keys[0]?.stdout ?? '').length >= 4);
    assert.deepEqual(kidsOf(keys[0]?.stdout ?? ''), kidsOf(keys[1]?.stdout ?? ''));
    const upgraded = await runCredence(['store', 'upgrade', '--home', acme.home]);
    assert.match(upgraded.stdout, /of this version already/);
    const roles = await runCredence(['store', 'roles']);
    assert.match(roles.stdout, /GRANT SELECT, INSERT ON audit TO credence_ras;/);
  });

  test('kill -9 of one node in a burst: what was received is on the record, and the other goes on', async () => {
    const received: Received = { idJags: [], accessTokens: [] };
    let running = true;
    const work = [0, 0, 1, 1, 0, 1].map(async (node, index) => {
      while (running) {
        // What hangs on the node that is gone ends in an error of the connection.
        const failed = await pair(node, index % 2, received).catch(() => undefined);
        assert.equal(failed, undefined);
        if (!running) return;
      }
    });
    await more(received, 12);
    assert.equal((await second.stop('SIGKILL')).code, null);
    await more(received, 3);
    running = false;
    await Promise.all(work);
    assert.equal(await pair(0, 0, received), undefined);
    second = await startSecond();
    assert.equal(await pair(1, 1, received), undefined);
    await assertRecorded(received);
  });

  test('the database is gone for a while: 503 while it lasts, then all goes on without a restart, and nothing is missing', async () => {
    const received: Received = { idJags: [], accessTokens: [] };
    let running = true;
    const seen = new Set<number>();
    const work = [0, 1, 0, 1].map(async (node, index) => {
      while (running) {
        const failed = await pair(node, index % 2, received);
        if (failed) seen.add(failed.status);
        if (failed?.status === 503) assert.equal(failed.body.error, 'temporarily_unavailable');
      }
    });
    await more(received, 5);
    await postgres.stop('fast');
    const whenGone = received.accessTokens.length;
    await wait(1500);
    for (const node of [0, 1]) assert.equal((await issue(node)).status, 503);
    assert.deepEqual(await readiness(), [503, 503]);
    assert.equal(received.accessTokens.length - whenGone <= 4, true, 'nothing is issued unrecorded');
    await postgres.start();
    await more(received, 5);
    running = false;
    await Promise.all(work);
    assert.deepEqual([...seen], [503]);
    await wait(1100); // an answer is remembered for a second
    assert.deepEqual(await readiness(), [200, 200]);
    for (const node of [0, 1]) assert.equal(await pair(node, node, received), undefined);
    assert.ok(received.accessTokens.length > whenGone);
    await assertRecorded(received);
  });

  test('--workers: each process writes for itself, one of them wins an ID-JAG, and what was answered is on the record', async () => {
    await second.stop();
    second = await startSecond('--workers', '2');
    const received: Received = { idJags: [], accessTokens: [] };
    const failed = await Promise.all(Array.from({ length: 12 }, (_, at) => pair(1, at % 2, received)));
    assert.deepEqual(
      failed.filter((answer) => answer !== undefined),
      [],
    );
    await assertRecorded(received);
    const chains = await postgres.run('credence', 'SELECT node FROM audit GROUP BY node');
    assert.ok(chains.length > 4);
    const idJag = tokenOf(await issue(1));
    const answers = await Promise.all([1, 1, 0, 1].map((node) => redeem(node, idJag)));
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 400, 400, 400]);
  });

  test('no database at the start: a sentence that says so, and no server', async () => {
    const [port = 0] = await freePorts(1);
    const config = join(acme.home, '..', 'nowhere.yaml');
    await writeFile(config, JSON.stringify({ store: `postgres://c@127.0.0.1:${port}/credence` }));
    const { code, stderr } = await runCredence(['serve', '--home', join(acme.home, '..', 'third'), '--config', config]);
    assert.equal(code, 2);
    assert.match(stderr, /The store credence at 127\.0\.0\.1:\d+ cannot be used by c: .*ECONNREFUSED/);
    assert.match(stderr, /docs\/operate\/postgresql\.md/);
  });
});
