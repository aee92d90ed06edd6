import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import type { PostgresSettings } from '../../store-config.ts';
import { freePort } from './free-ports.ts';

/** A PostgreSQL of a test's own, on a port of 127.0.0.1, gone when it is closed. Writes are flushed as in production. */
export interface PostgresServer {
  readonly port: number;
  /** Holds the password of `postgres`. */
  readonly passwordFile: string;
  /** A folder that the server can read, such as for its certificates. */
  readonly dir: string;
  /** Makes a database, empty. */
  createDatabase(name: string): Promise<PostgresSettings>;
  /** How the database of that name is reached. */
  settings(database: string): PostgresSettings;
  /** Makes a file the server's own. */
  own(file: string): void;
  /** Runs a statement as `postgres`; its rows. */
  run(database: string, text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Starts something that takes a copy, as a standby of that name does. */
  copy(name?: string): { stop(): Promise<void> };
  /** Stops it at once, as a machine that goes away does (immediate), by kill -9 of every process, or in an orderly way (fast). */
  stop(how: 'fast' | 'immediate' | 'killed'): Promise<void>;
  /** With settings such as `-c fsync=off`. */
  start(...settings: string[]): Promise<void>;
  /** Makes a standby the one that is written to. */
  promote(): Promise<void>;
  /** The process that all others of the server come from. */
  mainPid(): number;
  close(): Promise<void>;
}

/** Runs a server for as long as somebody holds our standard input: a test that is killed leaves none behind. */
const beside = 'exec 3<&0; "$@" 3<&- & server=$!; (cat <&3 >/dev/null; kill -QUIT $server 2>/dev/null) & wait $server';

export interface PostgresOptions {
  /** The server that this is a standby of, and the port under which it is reached, which may be that of a proxy. */
  readonly standbyOf?: { readonly primary: PostgresServer; readonly through: number };
}

/** Throws when there is no PostgreSQL: a test that needs one fails, and is not left out. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const bin = globSync('/usr/lib/postgresql/*/bin/initdb')
    .sort()
    .at(-1)
    ?.replace(/\/initdb$/, '');
  if (bin === undefined) {
    throw new Error(
      'These tests need PostgreSQL. On Debian: apt-get install postgresql (its own cluster may stay off)',
    );
  }
  // initdb refuses root.
  const user = process.getuid?.() === 0 ? idsOf('nobody') : undefined;
  const dir = mkdtempSync(join(tmpdir(), 'credence-pg-'));
  chmodSync(dir, 0o711);
  const password = 'a password of the tests';
  const passwordFile = join(dir, 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const own = (file: string) => {
    if (user) chownSync(file, user.uid, user.gid);
  };
  for (const path of [dir, passwordFile]) own(path);
  const data = join(dir, 'data');
  const auth = ['--auth-local=trust', '--auth-host=scram-sha-256', `--pwfile=${passwordFile}`, '--username=postgres'];
  const layout = ['--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'];
  const { standbyOf } = options;
  if (standbyOf) {
    const { primary, through } = standbyOf;
    const way = (port: number) => `host=127.0.0.1 port=${port} user=postgres password='${password}'`;
    const copying = [`--dbname=${way(primary.port)}`, `--pgdata=${data}`, '--checkpoint=fast', '--no-sync'];
    execFileSync(join(bin, 'pg_basebackup'), copying, { ...user, stdio: 'pipe', cwd: dir });
    writeFileSync(join(data, 'standby.signal'), '', { mode: 0o600 });
    const primaryWay = `${way(through)} application_name=standby`.replaceAll("'", "''");
    writeFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${primaryWay}'\n`, { mode: 0o600 });
    for (const name of ['standby.signal', 'postgresql.auto.conf']) own(join(data, name));
  } else {
    execFileSync(join(bin, 'initdb'), [`--pgdata=${data}`, ...auth, ...layout], { ...user, stdio: 'pipe', cwd: dir });
  }

  const port = await freePort();
  const settings = (database: string): PostgresSettings => ({
    ...{ host: '127.0.0.1', port, database, user: 'postgres', passwordFile },
    ...{ tls: undefined, maxReaders: 4, standby: 'warn' },
  });
  let server: ChildProcess | undefined;
  let said = '';
  const run: PostgresServer['run'] = async (database, text, values = []) => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query(text, [...values])).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const start = async (...settings: string[]) => {
    const memory = ['-c', 'shared_buffers=32MB', '-c', 'max_wal_size=256MB'];
    const place = [
      '-D',
      data,
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `unix_socket_directories=${dir}`,
    ];
    const begin = () => {
      said = '';
      server = spawn('/bin/sh', ['-c', beside, 'sh', join(bin, 'postgres'), ...place, ...memory, ...settings], {
        ...user,
        cwd: dir,
        stdio: ['pipe', 'ignore', 'pipe'],
      });
      server.stderr?.on('data', (chunk) => (said = `${said}${chunk}`.slice(-4000)));
    };
    begin();
    for (let attempt = 0; ; attempt++) {
      try {
        await run('postgres', 'SELECT 1');
        return;
      } catch (error) {
        const isOver = server === undefined || server.exitCode !== null;
        // A process of the one that was killed, forked at that moment, notices a little later.
        const isEarly = isOver && /pre-existing shared memory block/.test(said);
        if (attempt > 1200 || (isOver && !isEarly))
          throw new Error(`PostgreSQL did not start: ${said}`, { cause: error });
        await wait(50);
        if (isEarly) begin();
      }
    }
  };
  const mainPid = () => Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const stop: PostgresServer['stop'] = async (how) => {
    const ending = server;
    server = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const gone = once(ending, 'exit');
    const pid = mainPid();
    if (how === 'killed') for (const one of [pid, ...childrenOf(pid)]) killed(one);
    else process.kill(pid, how === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await gone;
    ending.stdin?.destroy();
  };
  const copy = (name = 'copy') => {
    const to = mkdtempSync(join(dir, 'copy-'));
    own(to);
    const from = [
      `--dbname=host=127.0.0.1 port=${port} user=postgres application_name=${name}`,
      '--synchronous',
      '--no-loop',
      `--directory=${to}`,
    ];
    const env = { ...process.env, PGPASSWORD: password };
    const child = spawn(join(bin, 'pg_receivewal'), from, { ...user, cwd: dir, env, stdio: 'ignore' });
    const gone = once(child, 'exit');
    return {
      async stop() {
        child.kill('SIGTERM');
        await gone;
      },
    };
  };
  await start();
  return {
    port,
    passwordFile,
    dir,
    async createDatabase(database) {
      await run('postgres', `CREATE DATABASE ${database}`);
      return settings(database);
    },
    settings,
    own,
    run,
    copy,
    stop,
    start,
    mainPid,
    async promote() {
      await run('postgres', 'SELECT pg_promote(true, 30)');
    },
    async close() {
      await stop('immediate');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Children see the death of their parent, and may be gone before they are killed. */
function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Processes whose parent is this one. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function idsOf(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
