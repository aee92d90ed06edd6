import { mkdir, writeFile } from 'node:fs/promises';
import { Agent as HttpAgent, request } from 'node:http';
import { join } from 'node:path';
import type { Agent } from '../examples/acme/agent.ts';
import { type DemoFile, serverNamed } from '../examples/acme/demo-file.ts';
import { type ServerProcess, startServer } from '../examples/acme/server-process.ts';
import { freePorts } from '../packages/server/src/store/contract/free-ports.ts';
import type { PostgresServer } from '../packages/server/src/store/contract/postgres-server.ts';
import { type Answer, agentOf, onEnd, type Scope, secretOf, startAcme, stopWell, temporaryHome } from './harness.ts';

/** One process, or one with its workers, of an installation that is broken on purpose. */
export interface Node {
  readonly home: string;
  readonly ports: { readonly idp: number; readonly ras: number };
  readonly process: ServerProcess;
  /** Ends it, by kill -9 unless told otherwise. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again at the same addresses, when it has ended; in another environment if one is given. */
  start(env?: NodeJS.ProcessEnv): Promise<void>;
}

/** One node on SQLite, or several on one database, behind one name for each issuer. */
export interface Installation {
  readonly demo: DemoFile;
  readonly nodes: readonly Node[];
  readonly agent: Agent;
  /** POSTs a form to the token endpoint of an issuer, as a load balancer passes it to one of the nodes. */
  post(part: 'idp' | 'ras', node: number, form: Record<string, string>): Promise<Answer>;
  /** @param idToken - of the agent that signed in at the start, unless another is given */
  issue(node: number, idToken?: string): Promise<Answer>;
  redeem(node: number, idJag: string): Promise<Answer>;
  /** Whether the test is over, however it went: who still works on it stops. */
  isOver(): boolean;
  /** What each node answers a probe at its port: the status, and the first line of what it says to this machine. */
  readiness(): Promise<string[]>;
}

export interface InstallationOptions {
  readonly postgres?: PostgresServer;
  /** Where each node finds the database, if not where it is: a proxy. */
  readonly throughPorts?: readonly number[];
  /** Of the database. */
  readonly tablespace?: string;
  readonly nodes?: number;
  readonly home?: string;
  readonly extraFlags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly store?: Readonly<Record<string, unknown>>;
  /** How the first node seals the record. */
  readonly audit?: Readonly<Record<string, unknown>>;
}

/** Servers start beside whatever else this machine does. */
const timeoutMs = 60_000;

export async function startInstallation(scope: Scope, options: InstallationOptions = {}): Promise<Installation> {
  const { postgres, throughPorts = [], extraFlags = [], env } = options;
  if (postgres)
    await postgres.run('postgres', `CREATE DATABASE credence TABLESPACE ${options.tablespace ?? 'pg_default'}`);
  const home = options.home ?? (await temporaryHome(scope));
  // One person plays everybody here, who together are not held to the pace of one.
  const idp = { burst: 1_000_000 };
  const storeOf = (node: number) =>
    postgres && {
      url: `postgres://postgres@127.0.0.1:${throughPorts[node] ?? postgres.port}/credence`,
      passwordFile: postgres.passwordFile,
      ...options.store,
    };
  const keys = { folder: join(home, '..', 'keys') };
  const { audit } = options;
  const config = { idp, ...(audit && { audit }), ...(postgres && { store: storeOf(0), keys }) };
  await writeFile(join(home, 'credence.yaml'), JSON.stringify(config));
  const acme = await startAcme(scope, { home, timeoutMs, extraFlags, ...(env && { env }) });
  const { demo } = acme;
  const portOf = (issuer: string) => Number(new URL(issuer).port);
  const first = { idp: portOf(demo.idp.issuer), ras: portOf(demo.ras.issuer) };
  const nodes = [toNode(scope, home, first, acme.flags, acme.server, env)];
  for (let at = 1; at < (options.nodes ?? 1); at++) {
    const [idpPort = 0, rasPort = 0] = await freePorts(2);
    const otherHome = join(home, '..', `node-${at}`);
    await mkdir(otherHome, { mode: 0o700 });
    const settings = {
      ...{ store: storeOf(at), keys, roles: ['idp', 'ras'] },
      idp: { ...idp, issuer: demo.idp.issuer, port: idpPort },
      ras: { issuer: demo.ras.issuer, port: rasPort },
      documents: { access: join(home, 'access.yaml'), resource: join(home, 'resource.yaml') },
    };
    const config = join(home, '..', `node-${at}.yaml`);
    await writeFile(config, JSON.stringify(settings));
    const flags = ['--home', otherHome, '--config', config, ...extraFlags];
    const process = await startServer(flags, { timeoutMs, ...(env && { env }) });
    nodes.push(toNode(scope, otherHome, { idp: idpPort, ras: rasPort }, flags, process, env));
  }
  return toInstallation(demo, nodes, await agentOf(demo, 'alice'), scope);
}

function toNode(
  scope: Scope,
  home: string,
  ports: Node['ports'],
  flags: readonly string[],
  started: ServerProcess,
  env: NodeJS.ProcessEnv | undefined,
): Node {
  let process = started;
  let isRunning = true;
  onEnd(scope, async () => {
    if (isRunning) await stopWell(process);
  });
  return {
    ...{ home, ports },
    get process() {
      return process;
    },
    async stop(signal = 'SIGKILL') {
      isRunning = false;
      await process.stop(signal);
    },
    async start(other = env) {
      if (isRunning) return;
      process = await startServer(flags, { timeoutMs, ...(other && { env: other }) });
      isRunning = true;
    },
  };
}

function toInstallation(demo: DemoFile, nodes: readonly Node[], agent: Agent, scope: Scope): Installation {
  const connections = new HttpAgent({ keepAlive: true, maxSockets: 64 });
  let isOver = false;
  onEnd(scope, async () => {
    isOver = true;
    connections.destroy();
  });
  const hosts = { idp: new URL(demo.idp.issuer).host, ras: new URL(demo.ras.issuer).host };
  const post: Installation['post'] = (part, node, form) => {
    const port = nodes[node]?.ports[part];
    const body = new URLSearchParams(form).toString();
    const headers = {
      host: hosts[part],
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
    };
    return new Promise((resolve, reject) => {
      const sent = request(
        { host: 'localhost', port, method: 'POST', path: '/token', agent: connections, headers },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
          response.on('error', reject);
          response.on('end', () => {
            try {
              resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) });
            } catch (error) {
              reject(error);
            }
          });
        },
      );
      sent.once('error', reject).end(body);
    });
  };
  return {
    ...{ demo, nodes, agent, post },
    isOver: () => isOver,
    issue: (node, idToken = agent.idToken) =>
      post('idp', node, {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
        subject_token: idToken,
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
        audience: demo.ras.issuer,
        resource: serverNamed(demo, 'everything').resource,
        ...secretOf(agent.idp),
      }),
    redeem: (node, assertion) =>
      post('ras', node, {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion,
        ...secretOf(agent.ras),
      }),
    readiness: () =>
      Promise.all(
        nodes.map(async ({ ports }) => {
          const response = await fetch(`http://localhost:${ports.idp}/readyz`).catch(() => undefined);
          return response ? `${response.status} ${(await response.text()).split('\n')[0]}` : 'gone';
        }),
      ),
  };
}
