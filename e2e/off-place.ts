import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Credentials, clientNamed, type DemoFile, mergeHalves, readDemoFile } from '../examples/acme/demo-file.ts';
import { runCredence, startServer } from '../examples/acme/server-process.ts';
import { json, openHttpServer } from '../packages/server/src/gateway/fixtures/http-server.ts';
import { TestBrowser } from '../packages/server/src/idp/sign-in/test-world.ts';
import {
  openScriptedProvider,
  type ScriptedProvider,
} from '../packages/server/src/idp/sign-in/upstream/fixtures/scripted-provider.ts';
import { toTarget } from '../packages/server/src/idp/sign-in/upstream/fixtures/upstream-world.ts';
import { freePorts } from '../packages/server/src/store/contract/free-ports.ts';
import {
  exportAudit,
  issue,
  onEnd,
  postForm,
  redeem,
  secretOf,
  stopWell,
  type suiteScope,
  temporaryHome,
  tokenOf,
} from './harness.ts';

// An organisation in real processes, and the time from a change to the last call that was still let through.

const mostMs = 1000;
/** Sessions that only listen are looked after twice a second. */
const mostStreamMs = 2000;
const longestWaitMs = 5000;
const callback = 'http://localhost:51234/callback';
const password = 'correct horse battery staple';

export type Shape = 'in one process' | 'with two workers' | 'in two installations';

/** An identity provider, an authorization server with its gateway, a company whose people sign in, and a SCIM client. */
export interface Place {
  readonly demo: DemoFile;
  readonly resource: string;
  readonly idp: Credentials;
  readonly ras: Credentials;
  readonly company: ScriptedProvider;
  credence(...args: string[]): Promise<string>;
  /** The same at the authorization server, where that has a home of its own. */
  credenceAtRas(...args: string[]): Promise<string>;
  scim(method: string, path: string, body?: object): Promise<Record<string, string>>;
  audit(): Promise<Record<string, unknown>[]>;
}

export async function openPlace(scope: ReturnType<typeof suiteScope>, shape: Shape): Promise<Place> {
  const split = shape === 'in two installations';
  const upstream = await openHttpServer();
  onEnd(scope, async () => upstream.close());
  upstream.answerWith(({ method, body }, outgoing) => {
    if (method === 'GET') return outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    if (body?.id === undefined) return outgoing.writeHead(202).end();
    const about = {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'h', version: '1' },
    };
    const result = body.method === 'initialize' ? about : { content: [{ type: 'text', text: 'called' }] };
    return json(outgoing, { jsonrpc: '2.0', id: body.id, result }, 200, { 'mcp-session-id': 'upstream-1' });
  });
  const company = await openScriptedProvider(randomBytes(24).toString('base64url'));
  onEnd(scope, () => company.close());

  const [idpPort, rasPort, adminPort] = await freePorts(3);
  const [idpIssuer, rasIssuer] = [`http://localhost:${idpPort}`, `http://localhost:${rasPort}`];
  const resource = `${rasIssuer}/tools/mcp`;
  const ports = [`--idp-port=${idpPort}`, `--ras-port=${rasPort}`, `--admin-port=${adminPort}`];
  const idpHome = await temporaryHome(scope);
  const rasHome = split ? await temporaryHome(scope) : idpHome;
  const subjects = ['group:crew', 'group:gang', 'group:team', 'role:okta/lead', 'group:company/engineering'];
  await writeFile(
    join(idpHome, 'access.yaml'),
    `
servers: { tools: { resource: ${resource}, ras: ${rasIssuer}, scopes: { run: {} } } }
clients: { claude-code: { redirect_uris: ["${callback}"], client_ids: { ${rasIssuer}: claude-code } } }
rules: [{ id: one, allow: all, on: tools, to: [${subjects.map((each) => `"${each}"`).join(', ')}] }]
`,
  );
  await writeFile(
    join(rasHome, 'resource.yaml'),
    `
servers: { tools: { upstream: { http: "${upstream.url}" }, scopes: { run: {} }, tools: { "*": run } } }
clients: { claude-code: {} }
trust: { ${idpIssuer}: { keys: discovery, accounts: create, clients: [claude-code] } }
`,
  );
  await writeFile(join(idpHome, 'company.secret'), company.secret, { mode: 0o600 });
  const entry = { issuer: company.issuer, client_id: company.clientId, client_secret_file: 'company.secret' };
  await writeFile(join(idpHome, 'credence.yaml'), JSON.stringify({ sign_in: { upstream: { company: entry } } }), {
    mode: 0o600,
  });
  const start = async (home: string, roles: readonly string[]) => {
    const flags = ['--demo', '--home', home, ...ports, ...roles.flatMap((role) => ['--role', role])];
    const server = await startServer(flags);
    onEnd(scope, () => stopWell(server));
  };
  if (shape === 'with two workers') ports.push('--workers=2');
  await start(idpHome, split ? ['idp', 'admin'] : []);
  if (split) await start(rasHome, ['ras', 'gateway']);
  const half = await readDemoFile(idpHome);
  const demo = split ? mergeHalves(half, await readDemoFile(rasHome)) : half;
  const { idp, ras } = clientNamed(demo, 'claude-code');

  const credenceAt =
    (home: string) =>
    async (...args: string[]) => {
      const ended = await runCredence([...args, '--home', home], { input: password, timeoutMs: 60_000 });
      assert.equal(ended.code, 0, ended.stderr);
      return ended.stdout.trim();
    };
  const credence = credenceAt(idpHome);
  const token = (await credence('scim', 'token', 'create', '--source', 'okta')).split('\n').at(-1)?.trim() ?? '';
  return {
    demo,
    resource,
    idp,
    ras,
    company,
    credence,
    credenceAtRas: credenceAt(rasHome),
    audit: async () => [...(await exportAudit(idpHome)), ...(split ? await exportAudit(rasHome) : [])],
    scim: async (method, path, body) => {
      const response = await fetch(`${idpIssuer}/scim/v2${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
        ...(body && { body: JSON.stringify(body) }),
      });
      assert.ok(response.ok, `${response.status} ${path}`);
      return response.status === 204 ? {} : ((await response.json()) as Record<string, string>);
    },
  };
}

/** Somebody signed in, with a browser that stays open. */
export interface Person {
  readonly email: string;
  readonly browser: TestBrowser;
  readonly idToken: string;
}

export async function signIn(place: Place, email: string, way: 'password' | 'company'): Promise<Person> {
  const { issuer } = place.demo.idp;
  const browser = new TestBrowser(issuer);
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: place.idp.client_id,
    redirect_uri: callback,
    scope: 'openid',
    state: 's',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const page = await browser.get(`${issuer}/auth?${query}`);
  const arrived =
    way === 'password'
      ? await browser.submit(page, { email, password, do: 'sign-in' })
      : await browser.get(await place.company.visit(toTarget(await browser.submit(page, { do: 'upstream:company' }))));
  const code = arrived.url.searchParams.get('code');
  assert.ok(code, `${arrived.status} ${arrived.url} ${arrived.page}`);
  const form = { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: verifier };
  const idToken = tokenOf(await postForm(`${issuer}/token`, { ...form, ...secretOf(place.idp) }), 'id_token');
  return { email, browser, idToken };
}

/** An MCP session with an access token, and nothing that would get another. */
export async function connect({ demo, resource, idp, ras }: Place, idToken: string) {
  const server = { name: 'tools', resource, scopes: [], tool: { name: 'echo', arguments: {} } };
  const grant = async () => tokenOf(await issue(demo, server, idToken, secretOf(idp)));
  const token = tokenOf(await redeem(demo, await grant(), secretOf(ras)));
  const headers: Record<string, string> = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-11-25',
  };
  const send = (id: number, method: string, params: object) =>
    fetch(resource, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', id, method, params }) });
  const clientInfo = { name: 'e2e', version: '1' };
  const first = await send(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
  assert.equal(first.status, 200, await first.text());
  headers['mcp-session-id'] = first.headers.get('mcp-session-id') ?? '';
  return {
    token,
    grant,
    exchange: () => issue(demo, server, idToken, secretOf(idp)),
    call: async (id: number) => {
      const response = await send(id, 'tools/call', { name: 'echo', arguments: {} });
      await response.arrayBuffer();
      return response.status;
    },
    /** Opens the stream of the session, and says when it has ended. */
    listen: async () => {
      const { 'content-type': _, ...plain } = headers;
      const stream = await fetch(resource, { headers: { ...plain, accept: 'text/event-stream' } });
      assert.equal(stream.status, 200);
      const ended = stream.arrayBuffer().catch(() => undefined);
      return { ended: ended.then(() => Date.now()) };
    },
  };
}

export interface Kind {
  readonly name: string;
  readonly prepare: (place: Place) => Promise<Person>;
  readonly act: (
    place: Place,
    person: Person,
    held: { readonly token: string; readonly spare: string },
  ) => Promise<unknown>;
  /** A command starts slowly: its line of the record says when it changed something. */
  readonly byCommand?: true;
  /** What goes on all the same: other ID-JAGs from before, and new ones. */
  readonly left?: { readonly redeem?: true; readonly exchange?: true };
}

export const local = (name: string, group: string) => async (place: Place) => {
  const email = `${name}@acme.example`;
  await place.credence('person', 'add', email, '--name', name, '--group', group, '--password-stdin');
  return signIn(place, email, 'password');
};
/** Calls without a pause until refused for a while; the stream beside it says nothing all the time. */
export async function measure(
  t: TestContext,
  place: Place,
  { prepare, act, byCommand, left = {} }: Kind,
): Promise<void> {
  const person = await prepare(place);
  const connection = await connect(place, person.idToken);
  const spare = await connection.grant();
  const stream = await connection.listen();
  // When the last call that was let through had been sent: its answer may take its time.
  let [lastAcceptedAt, accepted, refusedSince, isOver] = [0, 0, 0, false];
  const calling = (async () => {
    for (let id = 2; !isOver; id += 1) {
      const sentAt = Date.now();
      const isAccepted = (await connection.call(id)) === 200;
      if (isAccepted) [lastAcceptedAt, accepted, refusedSince] = [sentAt, accepted + 1, 0];
      else refusedSince ||= sentAt;
    }
  })();
  while (accepted < 5) await wait(10);

  const startedAt = Date.now();
  await act(place, person, { token: connection.token, spare });
  const actedAt = Date.now();
  const streamEndedAt = await Promise.race([stream.ended, wait(longestWaitMs, Number.POSITIVE_INFINITY)]);
  // Refused once is not refused for good: it has to stay so.
  while (Date.now() < actedAt + longestWaitMs && (refusedSince === 0 || Date.now() < refusedSince + 300))
    await wait(10);
  isOver = true;
  await calling;
  const changedAt = byCommand ? await changeIn(place, startedAt, actedAt) : startedAt;
  const [gap = 0, streamGap = 0] = [lastAcceptedAt, streamEndedAt].map((at) => Math.max(0, at - changedAt));
  t.diagnostic(`${gap} ms to the last accepted call (of ${accepted}), ${streamGap} ms to the end of an idle stream`);
  assert.ok(gap <= mostMs, `${gap} ms to the last accepted call`);
  assert.ok(streamGap <= mostStreamMs, `${streamGap} ms to the end of the stream`);

  const { demo, ras } = place;
  const introspection = await postForm(`${demo.ras.issuer}/introspect`, { token: connection.token, ...secretOf(ras) });
  assert.deepEqual(introspection.body, { active: false });
  assert.equal((await redeem(demo, spare, secretOf(ras))).status, left.redeem ? 200 : 400, 'an ID-JAG from before');
  assert.equal((await connection.exchange()).status, left.exchange ? 200 : 400, 'a new one');
}

/** When the record says that a command did it. */
async function changeIn({ audit }: Place, from: number, to: number): Promise<number> {
  const kinds: readonly unknown[] = ['admin', 'sign_out'];
  const lines = (await audit()).filter(
    ({ timeMs, kind }) => kinds.includes(kind) && Number(timeMs) >= from && Number(timeMs) <= to,
  );
  assert.ok(lines.length > 0, 'the record tells of it');
  return Math.min(...lines.map(({ timeMs }) => Number(timeMs)));
}
