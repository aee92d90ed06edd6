import type { Engine } from './engine.ts';

/** A signed statement of what the first lines of the record are. */
export interface Checkpoint {
  /** 1, 2, 3, ... without gaps. */
  readonly number: number;
  /** How many lines it covers: those at positions 1 to `size`. */
  readonly size: number;
  /** Root of the tree over them, base64url. */
  readonly root: string;
  readonly timeMs: number;
  /** What was signed, a compact JWS. */
  readonly statement: string;
}

/** Root of a complete subtree over `256 ** tier` lines, the `place`-th of its size. */
export interface StoredSubtree {
  readonly tier: number;
  readonly place: number;
  readonly hash: string;
}

/** The last checkpoint that a witness confirmed, and when. */
export interface Witnessed {
  readonly number: number;
  readonly timeMs: number;
}

/** How many lines a node, or a command, has written. */
export interface ChainLength {
  readonly node: string;
  readonly lines: number;
}

/** What seals the record. Nothing here is ever changed, but how far a witness has come. */
export interface SealStore {
  last(): Promise<Checkpoint | undefined>;
  /** Checkpoints after this number, oldest first. */
  after(number: number, limit: number): Promise<readonly Checkpoint[]>;
  /** The first that covers the line at this position. */
  covering(position: number): Promise<Checkpoint | undefined>;
  /** How many chains there are, and those of the most lines. */
  chains(limit: number): Promise<{ readonly count: number; readonly longest: readonly ChainLength[] }>;
  /**
   * Appends a checkpoint with the subtrees that became complete with it. Resolves true for exactly one caller of each
   * number, on any number of nodes: whoever comes second has to look again at what is sealed by now.
   */
  append(checkpoint: Checkpoint, subtrees: readonly StoredSubtree[]): Promise<boolean>;
  /** Hashes of the lines after this position, in order. */
  hashes(after: number, limit: number): Promise<readonly { readonly position: number; readonly hash: string }[]>;
  /** Stored subtrees of one size, from the `from`-th on, in order. */
  subtrees(tier: number, from: number, limit: number): Promise<readonly StoredSubtree[]>;
  /** How far each witness has come, by name. */
  witnessed(): Promise<ReadonlyMap<string, Witnessed>>;
  /** Notes that a witness has confirmed a checkpoint; it never goes back. */
  noteWitness(name: string, witnessed: Witnessed): Promise<void>;
}

export function sealStore({ db, write }: Engine): SealStore {
  const checkpoints = () => db.selectFrom('audit_checkpoints').selectAll();
  return {
    last: async () => toCheckpoint(await checkpoints().orderBy('number', 'desc').limit(1).executeTakeFirst()),

    after: async (number, limit) =>
      (await checkpoints().where('number', '>', number).orderBy('number').limit(limit).execute()).map(
        (row) => toCheckpoint(row) as Checkpoint,
      ),

    covering: async (position) =>
      toCheckpoint(await checkpoints().where('size', '>=', position).orderBy('size').limit(1).executeTakeFirst()),

    chains: async (limit) => {
      const { count } = await db
        .selectFrom('chains')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      const rows = await db.selectFrom('chains').select(['node', 'seq']).orderBy('seq', 'desc').limit(limit).execute();
      return { count: Number(count), longest: rows.map(({ node, seq }) => ({ node, lines: seq })) };
    },

    append: async ({ number, size, root, timeMs, statement }, subtrees) => {
      const insert = db
        .insertInto('audit_checkpoints')
        .values({ number, size, root, time_ms: timeMs, statement })
        .onConflict((conflict) => conflict.doNothing());
      const rows = subtrees.map(({ tier, place, hash }) => ({ level: tier, place, hash }));
      const tree = rows.length > 0 ? [db.insertInto('audit_tree').values(rows)] : [];
      const [added] = await write({ steps: [insert, ...tree], conditional: true });
      return added === 1;
    },

    hashes: (after, limit) =>
      db
        .selectFrom('audit')
        .select(['position', 'hash'])
        .where('position', '>', after)
        .orderBy('position')
        .limit(limit)
        .execute(),

    subtrees: async (tier, from, limit) => {
      const rows = await db
        .selectFrom('audit_tree')
        .selectAll()
        .where('level', '=', tier)
        .where('place', '>=', from)
        .orderBy('place')
        .limit(limit)
        .execute();
      return rows.map(({ level, place, hash }) => ({ tier: level, place, hash }));
    },

    witnessed: async () => {
      const rows = await db.selectFrom('audit_witnesses').selectAll().execute();
      return new Map(rows.map(({ name, number, time_ms }) => [name, { number, timeMs: time_ms }]));
    },

    noteWitness: async (name, { number, timeMs }) => {
      const note = db
        .insertInto('audit_witnesses')
        .values({ name, number, time_ms: timeMs })
        .onConflict((conflict) =>
          conflict.column('name').doUpdateSet({ number, time_ms: timeMs }).where('audit_witnesses.number', '<', number),
        );
      await write({ steps: [note] });
    },
  };
}

interface Row extends Omit<Checkpoint, 'timeMs'> {
  readonly time_ms: number;
}

function toCheckpoint(row: Row | undefined): Checkpoint | undefined {
  if (!row) return undefined;
  const { time_ms, ...rest } = row;
  return { ...rest, timeMs: time_ms };
}
