import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Compilable } from 'kysely';
import { endGrants, endSession } from './ending.ts';
import type { Engine } from './engine.ts';
import type { Artifact, SessionStore, SignInSession } from './store.ts';

/** Sign-ins that stand, read from what `oidc-provider` keeps of them. */
export function sessionStore({ db, write }: Engine): SessionStore {
  const sessions = () => db.selectFrom('artifacts').where('model', '=', 'Session');
  const standing = (now: EpochSeconds) =>
    db
      .selectFrom('artifacts')
      .leftJoin('upstream_sessions', 'session_uid', 'uid')
      .select(['uid', 'account_id', 'payload', 'artifacts.expires_at', 'upstream'])
      .where('model', '=', 'Session')
      .where('account_id', 'is not', null)
      .where(({ or, eb }) => or([eb('artifacts.expires_at', 'is', null), eb('artifacts.expires_at', '>', now)]));

  return {
    find: async (uid, now) => {
      const row = await standing(now).where('uid', '=', uid).executeTakeFirst();
      return row && toSession(row);
    },

    list: async ({ after, limit, personId, now, withoutBreakGlass }) => {
      let query = standing(now).where('uid', '>', after).orderBy('uid').limit(limit);
      if (personId !== undefined) query = query.where('account_id', '=', personId);
      if (withoutBreakGlass) {
        query = query.where('account_id', 'not in', db.selectFrom('break_glass').select('person_id'));
      }
      return (await query.execute()).map(toSession);
    },

    end: async (uid, records, initiator = 'admin') => {
      const session = await sessions().select('payload').select('account_id').where('uid', '=', uid).executeTakeFirst();
      const grants = session ? grantsOf(JSON.parse(session.payload) as Artifact) : [];
      const personId = session?.account_id ?? null;
      // First: of two who end it at once, one finds it gone and writes nothing.
      const [first, ...rest] = endSession(db, { by: 'uid', value: uid }, { personId, grants, initiator });
      const upstream = db.deleteFrom('upstream_sessions').where('session_uid', '=', uid);
      const [ended] = await write({
        steps: [...(first ? [first] : []), upstream, ...rest],
        conditional: true,
        records,
      });
      return ended !== 0;
    },

    endClient: async (uid, client, records, initiator = 'user') => {
      const row = await sessions().select(['id', 'payload', 'account_id']).where('uid', '=', uid).executeTakeFirst();
      if (!row) return false;
      const payload = JSON.parse(row.payload) as Artifact;
      const left = entriesOf(payload.authorizations).filter(([id]) => id !== client);
      const entry = entriesOf(payload.authorizations).find(([id]) => id === client)?.[1];
      if (!entry) return false;
      const without = JSON.stringify({ ...payload, authorizations: Object.fromEntries(left) });
      const steps: Compilable[] = [
        // First, and only if nobody saved the session meanwhile: what another request put into it is not lost.
        db
          .updateTable('artifacts')
          .set({ payload: without })
          .where('model', '=', 'Session')
          .where('id', '=', row.id)
          .where('payload', '=', row.payload),
      ];
      if (typeof entry.sid === 'string') {
        steps.push(db.deleteFrom('session_sids').where('sid', '=', entry.sid).where('session_id', '=', row.id));
      }
      const grants = typeof entry.grantId === 'string' ? [entry.grantId] : [];
      steps.push(...endGrants(db, { personId: row.account_id, grants, initiator }));
      const [changed] = await write({ steps, conditional: true, records });
      return changed !== 0;
    },

    signOut: async (id) => {
      const session = await sessions().select('account_id').where('id', '=', id).executeTakeFirst();
      const about = { personId: session?.account_id ?? null, grants: [], initiator: 'user' } as const;
      await write({ steps: endSession(db, { by: 'id', value: id }, about), conditional: true });
    },
  };
}

interface Row {
  readonly uid: string | null;
  readonly account_id: string | null;
  readonly payload: string;
  readonly expires_at: number | null;
  readonly upstream: string | null;
}

function toSession({ uid, account_id, payload, expires_at, upstream }: Row): SignInSession {
  const { loginTs, acr, amr, authorizations } = JSON.parse(payload) as Artifact;
  return {
    uid: uid ?? '',
    personId: account_id ?? '',
    startedAt: typeof loginTs === 'number' ? loginTs : undefined,
    expiresAt: expires_at ?? undefined,
    acr: typeof acr === 'string' ? acr : undefined,
    amr: Array.isArray(amr) ? amr.map(String) : [],
    clients: entriesOf(authorizations).flatMap(([client, { sid }]) =>
      typeof sid === 'string' ? [{ client, sid }] : [],
    ),
    upstream: upstream ?? undefined,
  };
}

function grantsOf({ authorizations }: Artifact): string[] {
  return entriesOf(authorizations).flatMap(([, { grantId }]) => (typeof grantId === 'string' ? [grantId] : []));
}

/** `authorizations` of a Session: `{ [clientId]: { sid, grantId } }`. */
function entriesOf(authorizations: unknown): [client: string, entry: { sid?: unknown; grantId?: unknown }][] {
  return Object.entries((authorizations ?? {}) as Record<string, object>);
}
