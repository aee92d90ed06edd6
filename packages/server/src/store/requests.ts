import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Engine } from './engine.ts';
import type { AccessRequestTable } from './schema.ts';
import type { AuditRow } from './store.ts';

/** For how long somebody says that they need it. */
export const wantedFor = ['day', 'week', 'work'] as const;
export type WantedFor = (typeof wantedFor)[number];

/** Somebody whose agent was refused asks for what it was refused. It gives nothing: what does is a change of the policy. */
export interface AccessRequest {
  /** With the time in front: ids are in the order in which people asked. */
  readonly id: string;
  readonly personId: string;
  /** The client's and the server's id, as the access document had them. */
  readonly client: string;
  readonly server: string;
  /** Id of the line of the record that it is about. */
  readonly decision: string;
  /** What it is needed for, in the person's own words. */
  readonly words: string;
  readonly wanted: WantedFor;
  readonly askedAt: EpochSeconds;
  readonly answer: Answer;
}

/** `drafted`: somebody has made a draft of it, which is not in force. */
export interface Answer {
  readonly state: 'open' | 'drafted' | 'approved' | 'declined';
  /** Id of the draft. */
  readonly draft: string | undefined;
  /** When what was approved ends. */
  readonly until: EpochSeconds | undefined;
  /** For the person to read. */
  readonly word: string | undefined;
  readonly at: EpochSeconds | undefined;
  /** Id of the administrator. */
  readonly by: string | undefined;
}

export const unanswered: Answer = {
  state: 'open',
  draft: undefined,
  until: undefined,
  word: undefined,
  at: undefined,
  by: undefined,
};

/** They go with their person, and after a while by themselves: see `purge`. */
export interface RequestStore {
  /** Resolves false, with nothing done, when this decision was asked about before, or one of the same person, client and server waits. */
  add(request: Omit<AccessRequest, 'answer'>, records: readonly AuditRow[]): Promise<boolean>;
  find(id: string): Promise<AccessRequest | undefined>;
  /** The one that this draft was made of. */
  ofDraft(draft: string): Promise<AccessRequest | undefined>;
  /** Of one person, the newest first. */
  of(personId: string, limit: number): Promise<readonly AccessRequest[]>;
  /** The one about this decision, or else the one that waits for the same of this person. */
  about(asked: Pick<AccessRequest, 'decision' | 'personId' | 'client' | 'server'>): Promise<AccessRequest | undefined>;
  /** Those that wait, the oldest first; or those that were answered, the newest first. */
  list(which: {
    readonly waiting: boolean;
    readonly after: string;
    readonly limit: number;
  }): Promise<readonly AccessRequest[]>;
  countOpen(): Promise<number>;
  /** Answers it. Resolves false, with nothing done, when it is not in the state that the caller has seen. */
  answer(seen: AccessRequest, answer: Answer, records: readonly AuditRow[]): Promise<boolean>;
}

export function requestStore({ db, write }: Engine): RequestStore {
  const all = () => db.selectFrom('access_requests').selectAll();

  return {
    add: async (request, records) => {
      const insert = db
        .insertInto('access_requests')
        .values(toRow({ ...request, answer: unanswered }))
        .onConflict((conflict) => conflict.doNothing());
      const [added] = await write({ steps: [insert], records, conditional: true });
      return added === 1;
    },

    find: async (id) => {
      const row = await all().where('id', '=', id).executeTakeFirst();
      return row && toRequest(row);
    },

    ofDraft: async (draft) => {
      // Few are in this state at a time.
      const row = await all().where('state', '=', 'drafted').where('draft', '=', draft).executeTakeFirst();
      return row && toRequest(row);
    },

    of: async (personId, limit) => {
      const rows = await all().where('person_id', '=', personId).orderBy('id', 'desc').limit(limit).execute();
      return rows.map(toRequest);
    },

    about: async ({ decision, personId, client, server }) => {
      const own = all().where('person_id', '=', personId);
      const same = await own.where('decision', '=', decision).executeTakeFirst();
      const row =
        same ??
        (await own
          .where('client', '=', client)
          .where('server', '=', server)
          .where('state', 'in', ['open', 'drafted'])
          .executeTakeFirst());
      return row && toRequest(row);
    },

    list: async ({ waiting, after, limit }) => {
      const of = all().where('state', 'in', waiting ? ['open', 'drafted'] : ['approved', 'declined']);
      const from = after === '' ? of : of.where('id', waiting ? '>' : '<', after);
      const rows = await from
        .orderBy('id', waiting ? 'asc' : 'desc')
        .limit(limit)
        .execute();
      return rows.map(toRequest);
    },

    countOpen: async () => {
      const { found } = await db
        .selectFrom('access_requests')
        .select(({ fn }) => fn.countAll<number>().as('found'))
        .where('state', '=', 'open')
        .executeTakeFirstOrThrow();
      return Number(found);
    },

    answer: async (seen, answer, records) => {
      const { id, person_id, client, server, decision, words, wanted, asked_at, ...columns } = toRow({
        ...seen,
        answer,
      });
      let update = db.updateTable('access_requests').set(columns).where('id', '=', id);
      update = update.where('state', '=', seen.answer.state);
      // Drafted anew meanwhile is another draft.
      if (seen.answer.draft !== undefined) update = update.where('draft', '=', seen.answer.draft);
      const [changed] = await write({ steps: [update], records, conditional: true });
      return changed === 1;
    },
  };
}

function toRequest(row: AccessRequestTable): AccessRequest {
  const { id, person_id: personId, client, server, decision, words, wanted, asked_at: askedAt } = row;
  const answer = {
    state: row.state,
    draft: row.draft ?? undefined,
    until: row.until ?? undefined,
    word: row.word ?? undefined,
    at: row.answered_at ?? undefined,
    by: row.answered_by ?? undefined,
  };
  return { id, personId, client, server, decision, words, wanted, askedAt, answer };
}

function toRow({ personId, askedAt, answer, ...same }: AccessRequest): AccessRequestTable {
  const { state, draft = null, until = null, word = null, at = null, by = null } = answer;
  return {
    ...same,
    person_id: personId,
    asked_at: askedAt,
    state,
    draft,
    until,
    word,
    answered_at: at,
    answered_by: by,
  };
}
