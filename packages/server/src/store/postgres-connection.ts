import { readFile } from 'node:fs/promises';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { PostgresSettings } from '../store-config.ts';
import { stateOf, toStoreError } from './postgres-error.ts';
import type { Schema } from './schema.ts';
import { StoreUnavailable } from './store.ts';

/** Time-outs in milliseconds. Whoever waits for the store is told 503 rather than kept waiting. */
export interface Patience {
  readonly connect: number;
  readonly statement: number;
  readonly lock: number;
  /** How long a transaction of ours may stand still, so that a node that hangs does not hold up the others. */
  readonly idleInTransaction: number;
  /** How long we wait for an answer, whatever the server thinks of it: the network may have swallowed it. */
  readonly answer: number;
}

export const usualPatience: Patience = {
  connect: 3000,
  statement: 2000,
  lock: 1500,
  idleInTransaction: 2500,
  answer: 4000,
};

/** Integers of the store fit a double; they arrive as text otherwise. */
const bigintType = 20;

/** A connection taken from a pool, for one piece of work. */
export interface Session {
  query<R>(text: string, values?: readonly unknown[], name?: string): Promise<{ rows: R[]; rowCount: number }>;
}

/** Connections to one server, at most so many. */
export class Connections {
  readonly #pool: pg.Pool;

  constructor(settings: PostgresSettings, ca: readonly string[], max: number, patience: Patience = usualPatience) {
    this.#pool = new pg.Pool({
      host: settings.host,
      port: settings.port,
      database: settings.database,
      user: settings.user,
      // A function always: without one `pg` would look for a password in the environment.
      password: async () => (settings.passwordFile === undefined ? '' : readPassword(settings.passwordFile)),
      ssl: settings.tls && {
        ...(ca.length > 0 && { ca: [...ca] }),
        minVersion: 'TLSv1.2',
        rejectUnauthorized: true, // and the name is checked, as `verify-full` has it
      },
      enableChannelBinding: settings.tls !== undefined,
      max,
      keepAlive: true,
      application_name: 'credence',
      connectionTimeoutMillis: patience.connect,
      statement_timeout: patience.statement,
      lock_timeout: patience.lock,
      idle_in_transaction_session_timeout: patience.idleInTransaction,
      query_timeout: patience.answer,
      types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
      onConnect: checkServer as (client: pg.ClientBase) => void,
    });
    // One that was cut off while it lay idle leaves the pool. One that was in use says so too, beside failing what it was
    // asked; with nobody to hear it, that would end the process.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /** Runs `work` on a connection of its own. One that failed in any way but by a statement's fault is not used again. */
  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let isBroken = false;
    try {
      return await work({
        async query(text, values = [], name) {
          try {
            const config = { text, values: [...values], ...(name !== undefined && { name }) };
            const { rows, rowCount } = await client.query(config);
            return { rows, rowCount: rowCount ?? 0 };
          } catch (error) {
            isBroken ||= stateOf(error) === undefined;
            throw error;
          }
        },
      });
    } finally {
      client.release(isBroken);
    }
  }

  /** One statement, on whichever connection is free. */
  query<R>(text: string, values: readonly unknown[], name?: string): Promise<{ rows: R[]; rowCount: number }> {
    return this.use((session) => session.query<R>(text, values, name));
  }

  /** Kysely on these connections. Its errors are those of the contract; `raw` leaves them as they are. */
  kysely<Tables = Schema>(how: 'raw' | 'contract'): Kysely<Tables> {
    const fault = (error: unknown) => (how === 'raw' ? error : toStoreError(error));
    const connect = async () => {
      const client = await this.#pool.connect().catch((error: unknown) => {
        throw fault(error);
      });
      let isBroken = false;
      return {
        processID: 1, // asked for when statements are cancelled, which we leave to their time-out
        query: async (text: string, values: readonly unknown[]) => {
          // In no text of the store there is a NUL, and PostgreSQL would not even compare with one.
          if (values.some((value) => typeof value === 'string' && value.includes('\0'))) return nothing;
          try {
            return await client.query(text, [...values]);
          } catch (error) {
            isBroken ||= stateOf(error) === undefined;
            throw fault(error);
          }
        },
        release: () => client.release(isBroken),
      };
    };
    const pool = { connect, end: async () => undefined, options: {} };
    return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: pool as never }) });
  }

  async close(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end();
  }
}

const nothing = { command: 'SELECT', rowCount: 0, rows: [] };

function parserOf(oid: number, format?: 'text' | 'binary') {
  return oid === bigintType ? Number : pg.types.getTypeParser(oid, format as 'text');
}

async function readPassword(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    throw new StoreUnavailable(`The password of the store cannot be read from ${file}.`, { cause: error });
  }
}

interface ServerState {
  readonly version: number;
  readonly encoding: string | null;
  readonly fsync: string | null;
  readonly commits: string | null;
  readonly standbys: string | null;
  readonly read_only: string | null;
  readonly replica: boolean;
}

/** Asked at every connection: a fail-over, or a change of settings, may have come in between. */
async function checkServer(client: Pick<pg.ClientBase, 'query'>): Promise<void> {
  const { rows } = await client.query<ServerState>(
    `SELECT current_setting('server_version_num')::integer AS version, current_setting('server_encoding', true) AS encoding,
       current_setting('fsync', true) AS fsync, current_setting('synchronous_commit', true) AS commits,
       current_setting('synchronous_standby_names', true) AS standbys,
       current_setting('default_transaction_read_only', true) AS read_only, pg_is_in_recovery() AS replica`,
  );
  const words = rows[0] && unfitness(rows[0]);
  if (words !== undefined) throw new StoreUnavailable(words);
}

/** Why a server cannot keep the store: what it says it has written has to be there afterwards. */
export function unfitness(server: ServerState): string | undefined {
  if (server.version < 150_000) return 'The store needs PostgreSQL 15 or later.';
  if (server.encoding !== null && server.encoding !== 'UTF8') {
    return `The database keeps text as ${server.encoding}; it must be made with ENCODING 'UTF8'.`;
  }
  if (server.replica) return 'The server is a replica, and nothing can be written there.';
  if (server.read_only === 'on') return 'Transactions are read-only for this user (default_transaction_read_only).';
  if (server.fsync === 'off') return 'The server would lose what it has confirmed: fsync is off.';
  const isLocal = server.commits === 'local' && (server.standbys ?? '') !== '';
  if (server.commits === 'off' || isLocal) {
    return `The server would lose what it has confirmed: synchronous_commit is ${server.commits} for this user or database.`;
  }
  return undefined;
}
