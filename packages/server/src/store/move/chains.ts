import type { Kysely } from 'kysely';
import { auditStore } from '../audit-log.ts';
import { type ChainHead, emptyChain, lineHash } from '../chain.ts';
import type { Schema } from '../schema.ts';

const page = 1000;

/** How the chains of a store ended when all of it was read. */
export interface Chains {
  readonly lines: number;
  readonly heads: ReadonlyMap<string, ChainHead>;
  /** The last line, and when it was written. */
  readonly last: { readonly position: number; readonly id: string; readonly timeMs: number } | undefined;
}

/**
 * Reads the whole record of a store, computes the hash of each line anew, and compares where each chain ends with where the
 * store says it does. Resolves to a sentence about the first line that does not follow from the one before it. Lines that
 * retention has removed are missing at the beginning of a chain and nowhere else.
 */
export async function checkChains(db: Kysely<Schema>): Promise<Chains | string> {
  const audit = auditStore({ db, write: () => Promise.reject(new Error('the record is only read here')) });
  const heads = new Map<string, ChainHead>();
  let last: Chains['last'];
  let lines = 0;
  for (;;) {
    const rows = await audit.read(last?.position ?? 0, page);
    for (const row of rows) {
      const head = heads.get(row.node) ?? beginningOf(row);
      const where = `line ${row.seq} of the chain ${row.node}`;
      if (row.seq !== head.seq + 1) return `${where} does not follow line ${head.seq}`;
      if (row.previousHash !== head.hash) return `${where} does not carry the hash of the line before it`;
      if (row.hash !== lineHash(row.node, row.seq, row.previousHash, row)) return `${where} is not what was hashed`;
      heads.set(row.node, { seq: row.seq, hash: row.hash });
    }
    lines += rows.length;
    last = rows.at(-1) ?? last;
    if (rows.length < page) break;
  }
  const fault = compareHeads(heads, await readHeads(db));
  return fault ?? { lines, heads, last };
}

function beginningOf({ node, seq, previousHash }: { node: string; seq: number; previousHash: string }): ChainHead {
  return seq === 1 ? emptyChain(node) : { seq: seq - 1, hash: previousHash };
}

async function readHeads(db: Kysely<Schema>): Promise<ReadonlyMap<string, ChainHead>> {
  const rows = await db.selectFrom('chains').selectAll().execute();
  return new Map(rows.map(({ node, seq, hash }) => [node, { seq, hash }]));
}

/** A head whose lines are all gone says nothing; lines without their head, or with another, do. */
function compareHeads(read: ReadonlyMap<string, ChainHead>, kept: ReadonlyMap<string, ChainHead>): string | undefined {
  for (const [node, { seq, hash }] of read) {
    const head = kept.get(node);
    if (head?.seq !== seq || head.hash !== hash) {
      return `the chain ${node} ends with line ${seq}, and should with line ${head?.seq ?? 0}`;
    }
  }
  return undefined;
}
