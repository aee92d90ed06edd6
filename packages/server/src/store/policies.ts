import { hash } from 'node:crypto';
import { sql } from 'kysely';
import { countChange, type Engine } from './engine.ts';
import { type PolicyKind, type PolicyStore, type PolicyVersion, StoreConflict } from './store.ts';

/** Published versions: added, never changed. */
export function policyStore({ db, write }: Engine): PolicyStore {
  const ofKind = (kind: PolicyKind) => db.selectFrom('policies').selectAll().where('kind', '=', kind);
  return {
    latest: async (kind) => toVersion(await ofKind(kind).orderBy('version', 'desc').limit(1).executeTakeFirst()),

    read: async (kind, version) => toVersion(await ofKind(kind).where('version', '=', version).executeTakeFirst()),

    append: async (next, records) => {
      if (next.digest !== digestOf(next.document))
        throw new Error(`The digest of ${nameOf(next)} is not its document's.`);
      // The row goes in only behind version n, so of several publishers of n+1 one wins, on any number of nodes.
      const latest = db
        .selectFrom('policies')
        .select(({ fn }) => fn.coalesce(fn.max('version'), sql.lit(0)).as('latest'))
        .where('kind', '=', next.kind);
      const row = db
        .selectNoFrom([
          sql<string>`cast(${next.kind} as text)`.as('kind'),
          sql<number>`cast(${next.version} as integer)`.as('version'),
          sql<string>`cast(${next.document} as text)`.as('document'),
          sql<string>`cast(${next.digest} as text)`.as('digest'),
          sql<string>`cast(${next.author} as text)`.as('author'),
          sql<number>`cast(${next.publishedAt} as bigint)`.as('published_at'),
        ])
        .where(latest, '=', next.version - 1);
      const insert = db
        .insertInto('policies')
        .columns(['kind', 'version', 'document', 'digest', 'author', 'published_at'])
        .expression(row)
        .onConflict((conflict) => conflict.columns(['kind', 'version']).doNothing());
      const [added] = await write({ steps: [insert, countChange(db)], conditional: true, records });
      if (added === 0) throw new StoreConflict(`${nameOf(next)} is not the next one: another was published first.`);
      return next.version;
    },
  };
}

/** A version whose text is not what was published must never decide anything (T24). */
function toVersion(row: Row | undefined): PolicyVersion | undefined {
  if (!row) return undefined;
  const version = {
    kind: row.kind as PolicyKind,
    version: row.version,
    document: row.document,
    digest: row.digest,
    author: row.author,
    publishedAt: row.published_at,
  };
  if (digestOf(version.document) !== version.digest) {
    throw new Error(`${nameOf(version)} was altered in the store: its digest does not match.`);
  }
  return version;
}

interface Row {
  readonly kind: string;
  readonly version: number;
  readonly document: string;
  readonly digest: string;
  readonly author: string;
  readonly published_at: number;
}

function nameOf({ kind, version }: PolicyVersion): string {
  return `Version ${version} of the ${kind} policy`;
}

function digestOf(document: string): string {
  return hash('sha256', document, 'base64url');
}
