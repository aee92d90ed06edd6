import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Engine } from './engine.ts';
import type { AuditRow } from './store.ts';

/** What a program uses the admin API with: the SHA-256 of 256 random bits, base64url (KEY-09). */
export interface ApiToken {
  /** Names it in lists and on the record. */
  readonly id: string;
  /** The administrator in whose name it acts, and with whose role it goes. */
  readonly personId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly tokenHash: string;
  readonly createdAt: EpochSeconds;
  readonly expiresAt: EpochSeconds;
  readonly lastUsedAt: EpochSeconds | undefined;
}

export interface ApiTokenStore {
  /** Expired ones too: whoever asks judges by the clock of the request. */
  findByHash(tokenHash: string): Promise<ApiToken | undefined>;
  find(id: string): Promise<ApiToken | undefined>;
  /** By id, after `after` ('' = from the start), at most `limit`; of one person where one is named. */
  list(page: {
    readonly after: string;
    readonly limit: number;
    readonly personId?: string | undefined;
  }): Promise<readonly ApiToken[]>;
  /** Throws `StoreConflict` when the person does not administer. */
  add(token: ApiToken, records: readonly AuditRow[]): Promise<void>;
  used(id: string, now: EpochSeconds): Promise<void>;
  /** Resolves false where there is none. */
  remove(id: string, records: readonly AuditRow[]): Promise<boolean>;
}

export function apiTokenStore({ db, write }: Engine): ApiTokenStore {
  const tokens = () => db.selectFrom('api_tokens').selectAll();
  return {
    findByHash: async (tokenHash) => {
      const row = await tokens().where('token_hash', '=', tokenHash).executeTakeFirst();
      return row && toToken(row);
    },

    find: async (id) => {
      const row = await tokens().where('id', '=', id).executeTakeFirst();
      return row && toToken(row);
    },

    list: async ({ after, limit, personId }) => {
      let query = tokens().where('id', '>', after).orderBy('id').limit(limit);
      if (personId !== undefined) query = query.where('person_id', '=', personId);
      return (await query.execute()).map(toToken);
    },

    add: async ({ id, personId, name, scopes, tokenHash, createdAt, expiresAt, lastUsedAt }, records) => {
      const row = {
        id,
        person_id: personId,
        name,
        scopes: scopes.join(' '),
        token_hash: tokenHash,
        created_at: createdAt,
        expires_at: expiresAt,
        last_used_at: lastUsedAt ?? null,
      };
      await write({ steps: [db.insertInto('api_tokens').values(row)], records });
    },

    used: async (id, now) => {
      await write({ steps: [db.updateTable('api_tokens').set({ last_used_at: now }).where('id', '=', id)] });
    },

    remove: async (id, records) => {
      const remove = db.deleteFrom('api_tokens').where('id', '=', id);
      const [removed] = await write({ steps: [remove], conditional: true, records });
      return removed === 1;
    },
  };
}

function toToken(row: {
  id: string;
  person_id: string;
  name: string;
  scopes: string;
  token_hash: string;
  created_at: number;
  expires_at: number;
  last_used_at: number | null;
}): ApiToken {
  return {
    id: row.id,
    personId: row.person_id,
    name: row.name,
    scopes: row.scopes.split(' ').filter((scope) => scope !== ''),
    tokenHash: row.token_hash,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
