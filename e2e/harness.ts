import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Agent } from '../examples/acme/agent.ts';
import { clientNamed, type DemoFile, type DemoServer, readDemoFile, userNamed } from '../examples/acme/demo-file.ts';
import { runCredence, type ServerProcess, startServer } from '../examples/acme/server-process.ts';
import { signIn } from '../examples/acme/sign-in.ts';
import { checkRecord } from '../packages/server/src/audit/record-schema.ts';
import { freePorts } from '../packages/server/src/store/contract/free-ports.ts';

/** The demonstration, running as its own process on its own home. */
export interface Acme {
  readonly home: string;
  readonly demo: DemoFile;
  readonly server: ServerProcess;
  /** The flags it was started with, for starting it again at the same addresses. */
  readonly flags: readonly string[];
}

/** What clean-up is registered with: a test's context, or the scope of a suite. */
export interface Scope {
  after(undo: () => Promise<unknown>): void;
}

const undoings = new WeakMap<Scope, (() => Promise<unknown>)[]>();

/** The scope of a suite or a file. To be made where the suite is declared: a hook cannot register another. */
export function suiteScope(after: Scope['after']): Scope {
  const scope = { after };
  undoingsOf(scope);
  return scope;
}

/** Undoes something when the test is over, the latest first: a server stops before its home goes. */
export function onEnd(scope: Scope, undo: () => Promise<unknown>): void {
  undoingsOf(scope).push(undo);
}

function undoingsOf(scope: Scope): (() => Promise<unknown>)[] {
  const known = undoings.get(scope);
  if (known) return known;
  const stack: (() => Promise<unknown>)[] = [];
  undoings.set(scope, stack);
  scope.after(async () => {
    const faults: unknown[] = [];
    for (const undo of stack.reverse()) await undo().catch((fault: unknown) => faults.push(fault));
    if (faults.length > 0) throw faults[0];
  });
  return stack;
}

/** A home of mode 0700. It is gone when the test is over, with what the server keeps beside it. */
export async function temporaryHome(scope: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'credence-e2e-'));
  const home = join(folder, 'home');
  await mkdir(home, { mode: 0o700 });
  // Children of the gateway may run as another user and have to get through.
  await chmod(folder, 0o711);
  onEnd(scope, () => rm(folder, { recursive: true, force: true }));
  return home;
}

/** `--idp-port`, `--ras-port` and `--admin-port` with ports that are free. */
export async function portFlags(): Promise<string[]> {
  const [idp, ras, admin] = await freePorts(3);
  return [`--idp-port=${idp}`, `--ras-port=${ras}`, `--admin-port=${admin}`];
}

/** Starts `credence serve --demo`; it is stopped when the test is over, however that goes. */
export async function startAcme(
  scope: Scope,
  options: { home?: string; extraFlags?: readonly string[]; env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<Acme> {
  const home = options.home ?? (await temporaryHome(scope));
  const flags = ['--demo', '--home', home, ...(await portFlags()), ...(options.extraFlags ?? [])];
  const { env, timeoutMs } = options;
  const server = await startServer(flags, { ...(env && { env }), ...(timeoutMs && { timeoutMs }) });
  onEnd(scope, () => stopWell(server));
  return { home, server, flags, demo: await readDemoFile(home) };
}

/** Where its metrics are, when it was started with `--metrics-port 0`. */
export function metricsOf({ server }: Pick<Acme, 'server'>): string {
  const [url] = /http:\/\/\S+\/metrics/.exec(server.output()) ?? [];
  if (url === undefined) throw new Error('It serves no metrics.');
  return url;
}

/** Stops it; throws what it said if it had ended by itself, which a test need not have noticed. */
export async function stopWell(server: ServerProcess): Promise<void> {
  const { code } = await server.stop();
  if (code !== 0 && code !== null) throw new Error(`The server ended with ${code}. It said:\n${server.output()}`);
}

/** Signs a person in at the login page and hands their ID token to a client. */
export async function agentOf(demo: DemoFile, firstName: string, clientName = 'claude-code'): Promise<Agent> {
  const { email, password } = userNamed(demo, firstName);
  const { idp, ras } = clientNamed(demo, clientName);
  const { id_token } = await signIn({ issuer: demo.idp.issuer, client: idp, email, password });
  return { idp, ras, idToken: id_token };
}

/** What a token endpoint answered. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** POSTs a form to a token endpoint. */
export async function postForm(url: string, form: Record<string, string>): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Client authentication, as members of the form. */
export type ClientProof = Record<string, string>;

export function secretOf({ client_id, client_secret }: Agent['idp']): ClientProof {
  return { client_id, ...(client_secret !== null && { client_secret }) };
}

/** Leg 1, by hand: an ID token in, an ID-JAG out, for a server of the demonstration unless another `audience` is named. */
export function issue(
  demo: DemoFile,
  { audience = demo.ras.issuer, resource }: Pick<DemoServer, 'resource'> & { readonly audience?: string },
  idToken: string,
  proof: ClientProof,
): Promise<Answer> {
  return postForm(`${demo.idp.issuer}/token`, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
    subject_token: idToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    audience,
    resource,
    ...proof,
  });
}

/** Leg 2, by hand: an ID-JAG in, an access token out. */
export function redeem(demo: DemoFile, idJag: string, proof: ClientProof): Promise<Answer> {
  return postForm(`${demo.ras.issuer}/token`, {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: idJag,
    ...proof,
  });
}

/** The token of an answer that has to be a success. */
export function tokenOf({ status, body }: Answer, member = 'access_token'): string {
  const token = body[member];
  if (status !== 200 || typeof token !== 'string') throw new Error(`no ${member}: ${status} ${JSON.stringify(body)}`);
  return token;
}

/** Claims of a JWT, not verified. */
export function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'));
}

/** The whole record of a home, oldest first, each line with what it says of people. */
export async function exportAudit(home: string): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await runCredence(['audit', 'export', '--json', '--home', home]);
  if (code !== 0) throw new Error(`credence audit export: ${code} ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .filter((line) => typeof line.kind === 'string')
    .map(({ personal, chain, ...line }) => {
      const record = { ...line, ...personal };
      const { personalHash: _, salt: __, ...facts } = record;
      assert.equal(checkRecord(facts, { erased: personal === null }), undefined, JSON.stringify(facts));
      return { ...record, chain };
    });
}

/** A request with target and Host exactly as given: `fetch` would tidy both up. */
export function rawRequest(origin: string, target: string, headers: Record<string, string> = {}): Promise<number> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, path: target, headers, agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    request.once('error', reject).end();
  });
}
