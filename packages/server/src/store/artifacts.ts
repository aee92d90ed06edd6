import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Compilable } from 'kysely';
import { endEverythingOf, endGrant } from './ending.ts';
import type { Engine } from './engine.ts';
import type { Artifact, ArtifactStore } from './store.ts';

/** Codes, sessions, grants and refresh tokens of `oidc-provider`. What every request reads is the backend's own. */
export function artifactStore({ db, write }: Engine): Omit<ArtifactStore, 'find' | 'sessionStands'> {
  /** The sids of a Session are those that it holds now. Only the others are dropped: each one that is has everybody read, and decide, anew. */
  const holdSids = (id: string, payload: Artifact): Compilable[] => {
    const [model, sids] = ['Session', sidsOf(payload)];
    const its = db.deleteFrom('session_sids').where('model', '=', model).where('session_id', '=', id);
    return [
      sids.length > 0 ? its.where('sid', 'not in', sids) : its,
      ...sids.map((sid) =>
        db
          .insertInto('session_sids')
          .values({ sid, model, session_id: id })
          .onConflict((conflict) => conflict.columns(['sid', 'model', 'session_id']).doNothing()),
      ),
    ];
  };

  return {
    findByUid: async (model, uid) => {
      const row = await db
        .selectFrom('artifacts')
        .select(['payload', 'consumed_at'])
        .where('model', '=', model)
        .where('uid', '=', uid)
        .where(({ or, eb }) => or([eb('expires_at', 'is', null), eb('expires_at', '>', currentSeconds())]))
        .executeTakeFirst();
      return row && toArtifact(row);
    },

    upsert: async (model, id, payload, expiresAt) => {
      const columns = columnsOf(payload, expiresAt);
      const upsert = db
        .insertInto('artifacts')
        .values({ model, id, ...columns, consumed_at: numberOf(payload.consumed) })
        // consumed_at is not among them: saving again what another request consumed meanwhile must not revive it.
        .onConflict((conflict) => conflict.columns(['model', 'id']).doUpdateSet(columns));
      await write({ steps: model === 'Session' ? [upsert, ...holdSids(id, payload)] : [upsert] });
    },

    replaceSession: async (before, { id, payload, expiresAt }) => {
      const columns = columnsOf(payload, expiresAt);
      const asRead = <T extends { where(column: 'model' | 'id' | 'payload', is: '=', value: string): T }>(row: T) =>
        row.where('model', '=', 'Session').where('id', '=', before.id).where('payload', '=', before.payload);
      const replace: Compilable[] =
        id === before.id
          ? [asRead(db.updateTable('artifacts').set(columns))]
          : [
              asRead(db.deleteFrom('artifacts')),
              db.insertInto('artifacts').values({ model: 'Session', id, ...columns, consumed_at: null }),
            ];
      const [replaced] = await write({ steps: [...replace, ...holdSids(id, payload)], conditional: true });
      return replaced === 1;
    },

    consume: async (model, id, now) => {
      const update = db
        .updateTable('artifacts')
        .set({ consumed_at: now })
        .where('model', '=', model)
        .where('id', '=', id)
        .where('consumed_at', 'is', null)
        .where(({ or, eb }) => or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]));
      const [changed] = await write({ steps: [update] });
      return changed === 1;
    },

    destroy: async (model, id) => {
      await write({ steps: [db.deleteFrom('artifacts').where('model', '=', model).where('id', '=', id)] });
    },

    revokeGrant: async (grantId) => {
      await write({ steps: endGrant(db, grantId, 'system') });
    },

    endSessionsOf: async (personId, initiator = 'admin', records = []) => {
      await write({ steps: endEverythingOf(db, personId, initiator), records });
    },
  };
}

/** The one place where the store reads the clock: `oidc-provider` asks for artifacts without saying when. */
export function currentSeconds(): EpochSeconds {
  return Math.floor(Date.now() / 1000);
}

/** Now, or before: a clock that was set ahead since this process began is not believed, or what it makes us forget could be used again. */
export function earliestSeconds(): EpochSeconds {
  return Math.floor(Math.min(Date.now(), performance.timeOrigin + performance.now()) / 1000);
}

function columnsOf(payload: Artifact, expiresAt: EpochSeconds | undefined) {
  return {
    payload: JSON.stringify(payload),
    uid: textOf(payload.uid),
    grant_id: textOf(payload.grantId),
    account_id: textOf(payload.accountId),
    expires_at: expiresAt ?? null,
  };
}

/** The payload as saved, plus when it was consumed. */
export function toArtifact(row: { payload: string; consumed_at: number | null }): Artifact {
  const payload = JSON.parse(row.payload) as Artifact;
  return row.consumed_at === null ? payload : { ...payload, consumed: row.consumed_at };
}

/** `authorizations` of a Session: `{ [clientId]: { sid, ... } }`. */
function sidsOf({ authorizations }: Artifact): string[] {
  if (typeof authorizations !== 'object' || authorizations === null) return [];
  const sids = Object.values(authorizations).map((one: unknown) =>
    typeof one === 'object' && one !== null && 'sid' in one ? textOf(one.sid) : null,
  );
  return [...new Set(sids.filter((sid) => sid !== null))];
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
