import { hash, timingSafeEqual } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Change } from './engine.ts';
import type { Schema } from './schema.ts';
import { type AuditRow, StoreUnavailable } from './store.ts';

/**
 * Thrown when what the store holds is not what was put there through us: somebody who can write to the database has changed who
 * may do what (T24). Nothing of it is used.
 */
export class StoreAltered extends StoreUnavailable {
  /** What is not as it was written. */
  readonly what: CoveredName;

  constructor(what: CoveredName, why: string) {
    super(`${coveredWords[what]} in the store ${why}.`);
    this.what = what;
  }
}

/** What is covered: who may do what, and with which credentials. Trust in issuers is part of the resource policy. */
export const coveredNames = ['access', 'resource', 'secrets:idp', 'secrets:ras', 'administrators', 'drafts'] as const;
export type CoveredName = (typeof coveredNames)[number];

const coveredWords: Readonly<Record<CoveredName, string>> = {
  access: 'The versions of the access policy',
  resource: 'The versions of the resource policy',
  'secrets:idp': 'The client secrets of the identity provider',
  'secrets:ras': 'The client secrets of the authorization server',
  administrators: 'The administrators',
  drafts: 'The drafts of changes',
};

/** Makes and checks what covers a table; its secret is nowhere in the store. */
export interface DigestKey {
  /** HMAC-SHA256, base64url. */
  mac(text: string): Promise<string>;
  /** Whether this part was ever covered with this key; from then on it is not taken on trust. */
  isAdopted(part: CoveredName | Named): Promise<boolean>;
  markAdopted(part: CoveredName | Named): Promise<void>;
}

/** That a part has named somebody, once. */
export type Named = `${CoveredName}-named`;

/** A part of the store that is covered. */
export interface Covered<Row> {
  readonly name: CoveredName;
  /** In an order that depends on what they say alone. */
  read(): Promise<readonly Row[]>;
  /** Everything of a row that matters. */
  line(row: Row): string;
  /** Rows may go by themselves, with something that they belong to: then somebody has less, and that is no harm. */
  readonly mayShrink?: true;
}

/** Checks what is read, and covers what is written, in the same step. */
export interface Digests {
  /** The rows, if they are those that were written through us. Throws {@link StoreAltered} otherwise. */
  checked<Row>(part: Covered<Row>): Promise<readonly Row[]>;
  /**
   * Makes a change of a covered part. Resolves to the rows each step changed; `undefined` when there was nothing to do.
   * @param after - the rows as they are when it has happened, in any order; `undefined` = it changes nothing, as things are
   */
  write<Row>(
    part: Covered<Row>,
    after: (rows: readonly Row[]) => readonly Row[] | undefined,
    change: Omit<Change, 'conditional'>,
  ): Promise<readonly number[] | undefined>;
  /** What is covered row by row, each by its {@link digestOfRow}, those that have gone by themselves included. Throws as `checked` does. */
  namedIn<Row>(part: Covered<Row>): Promise<ReadonlySet<string>>;
  /** Whether a part has ever named somebody who counts; noted outside the store, for good. */
  wasNamed(part: Covered<unknown>): Promise<boolean>;
  noteNamed(part: Covered<unknown>): Promise<void>;
  /** Covers a part as it is now, whatever covered it before: for an operator who has looked at it. */
  accept(part: Covered<unknown>, records: readonly AuditRow[]): Promise<void>;
}

interface Ground {
  readonly db: Kysely<Schema>;
  write(change: Change): Promise<readonly number[]>;
}

const attempts = 5;

/** For a store that nobody covers: tests, and tools that look after one. */
export function uncovered({ write }: Ground): Digests {
  return {
    checked: (part) => part.read(),
    namedIn: async (part) => new Set((await part.read()).map((row) => digestOfRow(part, row))),
    wasNamed: async () => false,
    noteNamed: async () => undefined,
    write: async (part, after, change) =>
      after(await part.read()) === undefined ? undefined : write({ ...change, conditional: true }),
    accept: async () => undefined,
  };
}

/** For a store that is covered with this key. */
export function covered({ db, write }: Ground, key: DigestKey): Digests {
  /** The newest that this process has seen: what is older was put back. */
  const seen = new Map<CoveredName, number>();
  const macOf = (name: CoveredName, sequence: number, statement: string) =>
    key.mac(JSON.stringify(['credence-digest-1', name, sequence, statement]));
  const readDigest = (name: CoveredName) =>
    db.selectFrom('digests').selectAll().where('name', '=', name).executeTakeFirst();

  async function insert(part: Covered<unknown>, rows: readonly unknown[]): Promise<void> {
    const statement = toStatement(part, rows);
    const row = { name: part.name, sequence: 1, statement, mac: await macOf(part.name, 1, statement) };
    const insertion = db.insertInto('digests').values(row);
    await write({ steps: [insertion.onConflict((conflict) => conflict.column('name').doNothing())] });
  }

  /** The first time there is nothing to compare with: what is there is taken as it is. Then never again, unless it is nothing. */
  async function adopt(part: Covered<unknown>): Promise<void> {
    const { name } = part;
    // Read once: what is covered is what was looked at.
    const rows = await part.read();
    if ((await key.isAdopted(name)) && rows.length > 0) {
      throw new StoreAltered(name, 'are covered by no digest: it was taken away');
    }
    await insert(part, rows);
    await key.markAdopted(name);
  }

  async function read<Row>(part: Covered<Row>): Promise<{ sequence: number; statement: string; rows: readonly Row[] }> {
    const { name } = part;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const digest = await readDigest(name);
      if (!digest) {
        await adopt(part as Covered<unknown>);
        continue;
      }
      const { sequence, statement, mac } = digest;
      const rows = await part.read();
      // Somebody else changed it between the two: then they do not belong together.
      if ((await readDigest(name))?.mac !== mac) continue;
      if (!isSame(mac, await macOf(name, sequence, statement))) {
        throw new StoreAltered(name, 'are covered by a digest that was not made with the key of this installation');
      }
      if (sequence < (seen.get(name) ?? 0)) throw new StoreAltered(name, 'were put back to what they were before');
      if (!fits(part, statement, rows)) throw new StoreAltered(name, 'are not those that were written');
      seen.set(name, sequence);
      // Also where the mark was lost, with a restored folder of keys.
      if (!(await key.isAdopted(name))) await key.markAdopted(name);
      return { sequence, statement, rows };
    }
    throw new StoreUnavailable(`${coveredWords[name]} in the store change faster than they can be read.`);
  }

  return {
    checked: async (part) => (await read(part)).rows,
    async namedIn(part) {
      const { statement } = await read(part);
      return new Set(statement.split(' ').filter((digest) => digest !== ''));
    },
    wasNamed: ({ name }) => key.isAdopted(`${name}-named`),
    noteNamed: ({ name }) => key.markAdopted(`${name}-named`),
    async write(part, after, { steps, records }) {
      const { name } = part;
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        // On top of what was altered nothing is written: that would cover it.
        const { sequence, rows } = await read(part);
        const next = after(rows);
        if (next === undefined) return undefined;
        const statement = toStatement(part, next);
        // First, and only if nobody has changed it meanwhile: then the rows are those that were just read.
        const cover = db
          .updateTable('digests')
          .set({ sequence: sequence + 1, statement, mac: await macOf(name, sequence + 1, statement) })
          .where('name', '=', name)
          .where('sequence', '=', sequence);
        const [first, ...rest] = await write({
          steps: [cover, ...steps],
          conditional: true,
          ...(records && { records }),
        });
        if (first === 0) continue;
        seen.set(name, sequence + 1);
        return rest;
      }
      throw new StoreUnavailable(`${coveredWords[name]} in the store change faster than they can be written.`);
    },
    async accept(part, records) {
      const { name } = part;
      const digest = await readDigest(name);
      const sequence = Math.max(digest?.sequence ?? 0, seen.get(name) ?? 0) + 1;
      const statement = toStatement(part, await part.read());
      const row = { sequence, statement, mac: await macOf(name, sequence, statement) };
      const upsert = db.insertInto('digests').values({ name, ...row });
      await write({ steps: [upsert.onConflict((conflict) => conflict.column('name').doUpdateSet(row))], records });
      await key.markAdopted(name);
    },
  };
}

/** What is covered: a hash of all rows; or the rows themselves, each by its hash, where some of them may go. */
function toStatement<Row>(part: Covered<Row>, rows: readonly Row[]): string {
  const lines = rows.map(part.line).toSorted();
  return part.mayShrink ? lines.map(sha256).join(' ') : sha256(JSON.stringify(lines));
}

/** What stands for a row where rows may go by themselves. */
export function digestOfRow<Row>({ line }: Pick<Covered<Row>, 'line'>, row: Row): string {
  return sha256(line(row));
}

function fits<Row>(part: Covered<Row>, statement: string, rows: readonly Row[]): boolean {
  if (!part.mayShrink) return toStatement(part, rows) === statement;
  const allowed = new Set(statement.split(' '));
  return rows.every((row) => allowed.has(sha256(part.line(row))));
}

function sha256(text: string): string {
  return hash('sha256', text, 'base64url');
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** What became of a look at one part. */
export interface PartReport {
  readonly name: CoveredName;
  readonly rows: number;
  /** What is wrong, in words; absent when it is as it was written. */
  readonly fault?: string;
}

export interface DigestStore {
  /**
   * Looks at parts as a whole.
   * @param how - `texts`: at the text of every version too; `only`: at these parts
   */
  verify(how?: { readonly texts?: boolean; readonly only?: readonly CoveredName[] }): Promise<readonly PartReport[]>;
  /** Covers every part that is not as it was written, as it is now. For an operator who has looked at it. */
  accept(records: readonly AuditRow[]): Promise<void>;
}

/** @param checkTexts - throws {@link StoreAltered} when a text of the part is not the one that its row stands for */
export function digestStore(
  digests: Digests,
  parts: readonly Covered<unknown>[],
  checkTexts: (name: CoveredName) => Promise<void>,
): DigestStore {
  const look = async (part: Covered<unknown>, texts: boolean): Promise<PartReport> => {
    const { name } = part;
    const rows = await part.read();
    try {
      await digests.checked(part);
      if (texts) await checkTexts(name);
      return { name, rows: rows.length };
    } catch (error) {
      if (!(error instanceof StoreAltered)) throw error;
      return { name, rows: rows.length, fault: error.message };
    }
  };
  const verify: DigestStore['verify'] = ({ texts = false, only = coveredNames } = {}) =>
    Promise.all(parts.filter(({ name }) => only.includes(name)).map((part) => look(part, texts)));
  return {
    verify,
    async accept(records) {
      const reports = await verify();
      const altered = parts.filter(({ name }) => reports.some((report) => report.name === name && report.fault));
      for (const [at, part] of altered.entries()) await digests.accept(part, at === 0 ? records : []);
    },
  };
}
