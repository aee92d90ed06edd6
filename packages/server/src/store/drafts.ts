import { hash } from 'node:crypto';
import type { EpochSeconds } from '@credence/mcp/protocol';
import { type Covered, type Digests, StoreAltered } from './digests.ts';
import type { Engine } from './engine.ts';
import type { DraftTable } from './schema.ts';
import type { AuditRow } from './store.ts';

/** A policy document, members of a group or role, or the role of somebody who administers. */
export const draftKinds = ['access', 'resource', 'members', 'administrator'] as const;
export type DraftKind = (typeof draftKinds)[number];

/** A change that is not in force. */
export interface Draft {
  readonly id: string;
  readonly kind: DraftKind;
  /** What it is for, in the words of whoever began it. */
  readonly name: string;
  /** Version it was begun from, and the only one it can follow; 0 where there is none. */
  readonly base: number;
  /** JSON text: exactly what is published, if it is. */
  readonly document: string;
  /** SHA-256 of `document`, base64url: what is approved. */
  readonly digest: string;
  /** Grows with every change; nobody overwrites what they have not seen. */
  readonly revision: number;
  /** `proposed`: waits for approval in exactly this text. An edit opens it again. */
  readonly state: 'open' | 'proposed';
  /** Everybody who wrote any of it, none of whom can approve it. */
  readonly authors: readonly string[];
  readonly createdAt: EpochSeconds;
  readonly changedAt: EpochSeconds;
}

/** Drafts, covered like what they become: whoever changed one behind our back would have it approved by others (T24). */
export interface DraftStore {
  /** Every draft but its document, the oldest first. */
  list(): Promise<readonly Omit<Draft, 'document'>[]>;
  find(id: string): Promise<Draft | undefined>;
  add(draft: Draft, records: readonly AuditRow[]): Promise<void>;
  /** Replaces the revision before this one. Resolves false, with nothing done, when somebody else has changed it or it is gone. */
  save(draft: Draft, records: readonly AuditRow[]): Promise<boolean>;
  /** Resolves false when it is gone, or not in this revision. */
  remove(id: string, revision: number, records: readonly AuditRow[]): Promise<boolean>;
}

type Head = Omit<Draft, 'document'>;

export function draftPart({ db }: Pick<Engine, 'db'>): Covered<Head> {
  const columns = ['id', 'kind', 'name', 'base', 'digest', 'revision', 'state', 'authors'] as const;
  return {
    name: 'drafts',
    read: async () => {
      const query = db.selectFrom('drafts').select([...columns, 'created_at', 'changed_at']);
      return (await query.orderBy('created_at').orderBy('id').execute()).map(toHead);
    },
    line: ({ id, kind, name, base, digest, revision, state, authors, createdAt, changedAt }) =>
      JSON.stringify([id, kind, name, base, digest, revision, state, authors, createdAt, changedAt]),
  };
}

export function draftStore({ db }: Engine, digests: Digests): DraftStore {
  const part = draftPart({ db });
  const at = (id: string, revision: number) => (head: Head) => head.id === id && head.revision === revision;

  return {
    list: () => digests.checked(part),

    async find(id) {
      const head = (await digests.checked(part)).find((each) => each.id === id);
      if (!head) return undefined;
      const row = await db.selectFrom('drafts').select('document').where('id', '=', id).executeTakeFirst();
      if (row && digestOf(row.document) === head.digest) return { ...head, document: row.document };
      // Edited between the two reads: then the head is another one as well.
      const again = (await digests.checked(part)).find((each) => each.id === id);
      if (again?.revision === head.revision)
        throw new StoreAltered('drafts', `were altered: the digest of ${id} does not match`);
      return this.find(id);
    },

    async add(draft, records) {
      const insert = db.insertInto('drafts').values(toRow(draft));
      await digests.write(part, (heads) => [...heads, draft], { steps: [insert], records });
    },

    async save(draft, records) {
      const { id, revision } = draft;
      const update = db
        .updateTable('drafts')
        .set(toRow(draft))
        .where('id', '=', id)
        .where('revision', '=', revision - 1);
      const saved = await digests.write(
        part,
        (heads) => {
          const isSame = at(id, revision - 1);
          return heads.some(isSame) ? heads.map((head) => (isSame(head) ? draft : head)) : undefined;
        },
        { steps: [update], records },
      );
      return saved?.[0] === 1;
    },

    async remove(id, revision, records) {
      const remove = db.deleteFrom('drafts').where('id', '=', id).where('revision', '=', revision);
      const removed = await digests.write(
        part,
        (heads) => {
          const isSame = at(id, revision);
          return heads.some(isSame) ? heads.filter((head) => !isSame(head)) : undefined;
        },
        { steps: [remove], records },
      );
      return removed?.[0] === 1;
    },
  };
}

export function digestOf(document: string): string {
  return hash('sha256', document, 'base64url');
}

function toHead(row: Omit<DraftTable, 'document'>): Head {
  const { id, name, base, digest, revision } = row;
  const { created_at: createdAt, changed_at: changedAt } = row;
  const authors = row.authors.split(' ');
  return {
    id,
    kind: row.kind as DraftKind,
    name,
    base,
    digest,
    revision,
    state: row.state,
    authors,
    createdAt,
    changedAt,
  };
}

function toRow(draft: Draft): DraftTable {
  const { id, kind, name, base, document, digest, revision, state, authors, createdAt, changedAt } = draft;
  if (digest !== digestOf(document)) throw new Error(`The digest of draft ${id} is not its document's.`);
  const times = { created_at: createdAt, changed_at: changedAt };
  return { id, kind, name, base, document, digest, revision, state, authors: authors.join(' '), ...times };
}
