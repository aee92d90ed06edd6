import { hash } from 'node:crypto';
import { sql } from 'kysely';
import { type Covered, type Digests, StoreAltered } from './digests.ts';
import { countChange, type Engine } from './engine.ts';
import { type PolicyHead, type PolicyKind, type PolicyStore, type PolicyVersion, StoreConflict } from './store.ts';

/** All of a version but its document, which its digest stands for. */
type Published = Omit<Row, 'document'>;

/** The versions of a kind, none of which may ever be missing: a node would go back to the one before. */
export function policyPart({ db }: Pick<Engine, 'db'>, kind: PolicyKind): Covered<Published> {
  return {
    name: kind,
    read: () =>
      db
        .selectFrom('policies')
        .select(['kind', 'version', 'digest', 'author', 'published_at'])
        .where('kind', '=', kind)
        .orderBy('version')
        .execute(),
    line: ({ version, digest, author, published_at }) => JSON.stringify([version, digest, author, published_at]),
  };
}

/** Published versions: added, never changed. */
export function policyStore({ db }: Engine, digests: Digests): PolicyStore {
  /** The document of a version that is as it was published. */
  const whole = async (published: Published | undefined): Promise<PolicyVersion | undefined> => {
    if (!published) return undefined;
    const { kind, version } = published;
    const row = await db
      .selectFrom('policies')
      .select('document')
      .where('kind', '=', kind)
      .where('version', '=', version)
      .executeTakeFirst();
    return toVersion(published, row?.document);
  };
  return {
    heads: async (kind) => (await digests.checked(policyPart({ db }, kind))).map(toHead),

    latest: async (kind) => whole((await digests.checked(policyPart({ db }, kind))).at(-1)),

    read: async (kind, version) =>
      whole((await digests.checked(policyPart({ db }, kind))).find((published) => published.version === version)),

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
      const published = { ...next, published_at: next.publishedAt };
      const added = await digests.write(
        policyPart({ db }, next.kind),
        (rows) => ((rows.at(-1)?.version ?? 0) === next.version - 1 ? [...rows, published] : undefined),
        { steps: [insert, countChange(db)], records },
      );
      if (!added?.[0]) throw new StoreConflict(`${nameOf(next)} is not the next one: another was published first.`);
      return next.version;
    },
  };
}

/** A version whose text is not what was published must never decide anything (T24). */
function toVersion(published: Published, document: string | undefined): PolicyVersion {
  const head = toHead(published);
  const { kind, version, digest } = head;
  if (document === undefined || digestOf(document) !== digest) {
    throw new StoreAltered(kind, `were altered: the digest of version ${version} does not match`);
  }
  return { ...head, document };
}

function toHead({ kind, published_at, ...rest }: Published): PolicyHead {
  return { ...rest, kind: kind as PolicyKind, publishedAt: published_at };
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
