import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { hashPassword } from '../../../packages/server/src/directory/password.ts';
import { freePorts } from '../../../packages/server/src/store/contract/free-ports.ts';
import { openSqliteStore } from '../../../packages/server/src/store/sqlite.ts';
import type { Store } from '../../../packages/server/src/store/store.ts';
import { runCredence, type ServerProcess, startServer } from '../server-process.ts';
import { client, everybody, type Organisation, type Person, toDocuments } from './organisation.ts';
import type { Progress } from './progress.ts';

/** The organisation up and running in a temporary folder: Credence, its store, and the MCP servers behind it. */
export interface Setting {
  readonly idp: string;
  readonly ras: string;
  readonly secrets: { readonly idp: string; readonly ras: string };
  readonly server: ServerProcess;
  readonly passwordOf: (person: Person) => string;
  /** Runs a command of `credence` on this installation; rejects when it fails. */
  credence(...args: readonly string[]): Promise<string>;
  /** The store beside the server, for reading the record. */
  readonly store: Store;
  /** Ends the processes and removes the folder; throws if the server did not end well. */
  close(): Promise<void>;
}

/** Long enough for a slow machine to get through everything. */
const configuration = { idp: { idTokenSeconds: 7200 }, ras: { accessTokenSeconds: 3600 } };

export async function openSetting(organisation: Organisation, progress: Progress): Promise<Setting> {
  const folder = await mkdtemp(join(tmpdir(), 'credence-org-'));
  await chmod(folder, 0o711);
  const home = join(folder, 'home');
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(folder, { recursive: true, force: true }));

  const upstreams = await startMcpServers(organisation.servers);
  undo.defer(upstreams.stop);
  await mkdir(home, { mode: 0o700 });
  const documents = toDocuments(organisation, upstreams.port);
  await writeFile(join(home, 'credence.yaml'), JSON.stringify(configuration), { mode: 0o600 });
  await writeFile(join(home, 'access.yaml'), documents.access, { mode: 0o600 });
  await writeFile(join(home, 'resource.yaml'), documents.resource, { mode: 0o600 });

  const [idpPort = 0, rasPort = 0, adminPort = 0] = await freePorts(3);
  const ports = [`--idp-port=${idpPort}`, `--ras-port=${rasPort}`, `--admin-port=${adminPort}`];
  const server = await startServer(['--home', home, ...ports], { timeoutMs: 60_000 });
  undo.defer(async () => {
    const { code } = await server.stop();
    if (code !== 0) throw new Error(`The server ended with ${code ?? 'a signal'}. It said:\n${server.output()}`);
  });
  const store = await openSqliteStore(join(home, 'store.db'), { node: 'demo' });
  undo.defer(() => store.close());
  const credence: Setting['credence'] = async (...args) => {
    const { code, stdout, stderr } = await runCredence([...args, '--home', home], { timeoutMs: 120_000 });
    if (code !== 0) throw new Error(`credence ${args.join(' ')}: ${stderr || stdout}`);
    return stdout;
  };
  const newSecret = async (side: string) => (await credence('client', 'secret', 'new', side, client.id)).trim();
  const secrets = { idp: await newSecret('idp'), ras: await newSecret('ras') };
  await setTimeout(1000); // a running server looks for new secrets twice a second
  const passwords = await addPeople(store, organisation, progress);

  const opened = undo.move();
  return {
    idp: `http://localhost:${idpPort}`,
    ras: `http://localhost:${rasPort}`,
    secrets,
    server,
    store,
    passwordOf: ({ id }) => passwords.get(id) ?? '',
    credence,
    close: () => opened.disposeAsync(),
  };
}

async function startMcpServers(names: readonly string[]): Promise<{ port: number; stop(): Promise<void> }> {
  const script = fileURLToPath(new URL('mcp-servers.ts', import.meta.url));
  const child = spawn(process.execPath, [script, ...names], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const first = await Promise.race([once(child.stdout, 'data'), ended.then(() => undefined)]);
  if (!first) throw new Error('The MCP servers did not start.');
  return {
    port: Number(String(first[0])),
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

/** Everybody with a password of their own; that is what takes the time. */
async function addPeople(store: Store, { people }: Organisation, progress: Progress) {
  const passwords = new Map<string, string>();
  const bar = progress.begin('people and their passwords', people.length);
  await inParallel(people, 4, async ({ id, email, name, department }) => {
    const password = randomBytes(12).toString('base64url');
    const hash = await hashPassword(password);
    await store.people.save({
      id,
      source: 'local',
      email,
      name,
      active: true,
      groups: [everybody, department],
      roles: [],
    });
    await store.people.setPasswordHash(id, hash);
    passwords.set(id, password);
    bar.step();
  });
  bar.end();
  return passwords;
}

/** Works through a list with so many at once; the first that fails ends it. */
export async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const run = async () => {
    while (next < items.length) {
      const item = items[next++] as T;
      await work(item).catch((error: unknown) => {
        next = items.length;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, run));
}
