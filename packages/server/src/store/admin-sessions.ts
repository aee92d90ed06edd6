import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Engine } from './engine.ts';
import type { AuditRow } from './store.ts';

/** A browser in which an administrator is signed in to the admin listener. */
export interface AdminSession {
  /** SHA-256 of what the cookie holds, base64url: who reads the database can be nobody's browser (T25). */
  readonly idHash: string;
  readonly personId: string;
  /** The session at the IdP on which it stands, as the ID Token names it: it is worth nothing without. */
  readonly sid: string;
  /** Where it began; anywhere else it ends (T28). */
  readonly network: string;
  readonly twoFactors: boolean;
  /** When the person last proved who they are (`auth_time`). */
  readonly signedInAt: EpochSeconds;
  readonly startedAt: EpochSeconds;
  /** When it was last used, to the minute. */
  readonly seenAt: EpochSeconds;
}

export interface AdminSessionStore {
  /** Old ones too: whoever asks judges by the clock of the request. */
  find(idHash: string): Promise<AdminSession | undefined>;
  /** Throws `StoreConflict` when the person does not administer. */
  add(session: AdminSession, records: readonly AuditRow[]): Promise<void>;
  /** Never brings back one that has ended. */
  seen(idHash: string, now: EpochSeconds): Promise<void>;
  /** Resolves false where there was none: then nothing is written. */
  end(idHash: string, records: readonly AuditRow[]): Promise<boolean>;
}

export function adminSessionStore({ db, write }: Engine): AdminSessionStore {
  return {
    find: async (idHash) => {
      const row = await db.selectFrom('admin_sessions').selectAll().where('id_hash', '=', idHash).executeTakeFirst();
      if (!row) return undefined;
      return {
        idHash: row.id_hash,
        personId: row.person_id,
        sid: row.sid,
        network: row.network,
        twoFactors: row.two_factors === 1,
        signedInAt: row.signed_in_at,
        startedAt: row.started_at,
        seenAt: row.seen_at,
      };
    },

    add: async ({ idHash, personId, sid, network, twoFactors, signedInAt, startedAt, seenAt }, records) => {
      const row = {
        id_hash: idHash,
        person_id: personId,
        sid,
        network,
        two_factors: twoFactors ? (1 as const) : (0 as const),
        signed_in_at: signedInAt,
        started_at: startedAt,
        seen_at: seenAt,
      };
      await write({ steps: [db.insertInto('admin_sessions').values(row)], records });
    },

    seen: async (idHash, now) => {
      await write({ steps: [db.updateTable('admin_sessions').set({ seen_at: now }).where('id_hash', '=', idHash)] });
    },

    end: async (idHash, records) => {
      const remove = db.deleteFrom('admin_sessions').where('id_hash', '=', idHash);
      const [removed] = await write({ steps: [remove], conditional: true, records });
      return removed === 1;
    },
  };
}
