import { readFile } from 'node:fs/promises';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { PostgresSettings } from '../store-config.ts';
import { migrations } from './migrate.ts';
import { type Away, createAway } from './postgres-away.ts';
import type { Confirmed } from './postgres-confirmed.ts';
import { stateOf, toStoreError } from './postgres-error.ts';
import type { Schema } from './schema.ts';
import { type AppliedStep, stepTooFar, toConnectionName } from './schema-steps.ts';
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
  /** Makes the tables, and so does not ask whether they are there. */
  readonly isMigrating?: boolean;
}

export const usualPatience: Patience = {
  connect: 3000,
  statement: 2000,
  lock: 1500,
  idleInTransaction: 2500,
  answer: 4000,
};

const lifetimeSeconds = 60;

/** Integers of the store fit a double; they arrive as text otherwise. */
const bigintType = 20;

/** More that wait for a connection than this, and whoever comes is told 503 at once: memory stays bounded. */
const maxWaiting = 2000;

/** A connection taken from a pool, for one piece of work. */
export interface Session {
  query<R>(text: string, values?: readonly unknown[], name?: string): Promise<{ rows: R[]; rowCount: number }>;
}

/** Connections to one server, at most so many. */
export class Connections {
  readonly #pool: pg.Pool;
  readonly #away: Away = createAway();
  /** Those whose last commit no standby has confirmed. */
  readonly #unconfirmed = new WeakSet<pg.ClientBase>();
  /** Connections that were made and not lost since. */
  #live = 0;

  /** @param confirmed - asked of every new connection, where this process was told that something is durable */
  constructor(
    settings: PostgresSettings,
    ca: readonly string[],
    max: number,
    { patience = usualPatience, confirmed }: { readonly patience?: Patience; readonly confirmed?: Confirmed } = {},
  ) {
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
      maxLifetimeSeconds: lifetimeSeconds, // so that what is checked of each new one is never older
      application_name: toConnectionName(Object.keys(migrations)),
      connectionTimeoutMillis: patience.connect,
      statement_timeout: patience.statement,
      lock_timeout: patience.lock,
      idle_in_transaction_session_timeout: patience.idleInTransaction,
      query_timeout: patience.answer,
      types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
      onConnect: (async (client: pg.ClientBase) => {
        await checkServer(client, settings);
        if (!patience.isMigrating) await checkTables(client);
        await confirmed?.check(client);
      }) as (client: pg.ClientBase) => void,
    });
    // One that was cut off while it lay idle leaves the pool. One that was in use says so too, beside failing what it was
    // asked; with nobody to hear it, that would end the process.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', (client) => {
      this.#live += 1;
      client.on('error', () => undefined);
      client.on('notice', ({ routine }) => {
        if (routine === 'SyncRepWaitForLSN') this.#unconfirmed.add(client);
      });
    });
    this.#pool.on('remove', () => {
      this.#live -= 1;
    });
  }

  async #take(): Promise<pg.PoolClient> {
    if (this.#pool.waitingCount >= maxWaiting) throw new StoreUnavailable('The store is overloaded.');
    this.#away.check();
    try {
      const client = await this.#pool.connect();
      this.#away.over();
      return client;
    } catch (error) {
      // As long as there are others that work, one more that cannot be had says nothing.
      if (this.#live === 0) this.#away.failed();
      else this.#away.over();
      throw error;
    }
  }

  /**
   * A wait for the synchronous standby was cut short, by an administrator: the server then reports success, with a warning,
   * for what is on one machine only (T22). For us that is a commit of which nothing is known.
   */
  #checkConfirmed(client: pg.ClientBase): void {
    if (!this.#unconfirmed.delete(client)) return;
    throw new StoreUnavailable('The store has not had a commit confirmed by its standby.');
  }

  /** Runs `work` on a connection of its own. One that failed in any way but by a statement's fault is not used again. */
  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const client = await this.#take();
    let isBroken = false;
    try {
      return await work({
        query: async (text, values = [], name) => {
          try {
            const config = { text, values: [...values], ...(name !== undefined && { name }) };
            const { rows, rowCount } = await client.query(config);
            this.#checkConfirmed(client);
            return { rows, rowCount: rowCount ?? 0 };
          } catch (error) {
            isBroken ||= isOver(error);
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
      const client = await this.#take().catch((error: unknown) => {
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
            isBroken ||= isOver(error);
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

/** Whether a connection is of no more use: it failed itself, or what it has prepared no longer fits the tables. */
function isOver(error: unknown): boolean {
  return [undefined, '0A000'].includes(stateOf(error));
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
async function checkServer(
  client: Pick<pg.ClientBase, 'query'>,
  { standby }: Pick<PostgresSettings, 'standby'>,
): Promise<void> {
  // Warnings have to reach us: one of them is all that tells of a commit that no standby has. Nothing we ask is long enough to be
  // worth compiling first, which takes a tenth of a second where the planner has guessed wrong.
  const { rows } = await client.query<ServerState>(
    `SELECT set_config('client_min_messages', 'warning', false),
       (SELECT set_config('jit', 'off', false) WHERE current_setting('jit', true) IS NOT NULL),
       current_setting('server_version_num')::integer AS version, current_setting('server_encoding', true) AS encoding,
       current_setting('fsync', true) AS fsync, current_setting('synchronous_commit', true) AS commits,
       current_setting('synchronous_standby_names', true) AS standbys,
       current_setting('default_transaction_read_only', true) AS read_only, pg_is_in_recovery() AS replica`,
  );
  const words = rows[0] && unfitness(rows[0], standby);
  if (words !== undefined) throw new StoreUnavailable(words);
}

/** Another node may have upgraded them since: one that cannot live beside that finds out at its next connection. */
async function checkTables(client: Pick<pg.ClientBase, 'query'>): Promise<void> {
  const { rows } = await client.query<AppliedStep>('SELECT * FROM kysely_migration');
  const tooFar = stepTooFar(rows, Object.keys(migrations));
  if (tooFar === undefined) return;
  throw new StoreUnavailable(`The tables are of a version that this one cannot live beside (step ${tooFar}).`);
}

/** Why a server cannot keep the store: what it says it has written has to be there afterwards. */
export function unfitness(server: ServerState, standby: PostgresSettings['standby']): string | undefined {
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
  if (standby === 'require' && (server.standbys ?? '') === '') {
    return 'No standby confirms what this server writes (store.standby is require): set synchronous_standby_names there.';
  }
  return undefined;
}
