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

  /** Whose it is, and what hangs on it: of every row, should there be more than one. */
  const heldIn = async (uid: string) => {
    const rows = await sessions().select(['payload', 'account_id']).where('uid', '=', uid).execute();
    const payloads = rows.map(({ payload }) => JSON.parse(payload) as Artifact);
    return {
      personId: rows[0]?.account_id ?? null,
      grants: payloads.flatMap(grantsOf),
      clients: payloads.flatMap(clientsOf),
    };
  };

  return {
    find: async (uid, now) => {
      const [first, ...rest] = (await standing(now).where('uid', '=', uid).execute()).map(toSession);
      return first && { ...first, clients: [first, ...rest].flatMap(({ clients }) => clients) };
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
      // First: of two who end it at once, one finds it gone and writes nothing.
      const [first, ...rest] = endSession(db, uid, { ...(await heldIn(uid)), initiator });
      const upstream = db.deleteFrom('upstream_sessions').where('session_uid', '=', uid);
      const [ended] = await write({
        steps: [...(first ? [first] : []), upstream, ...rest],
        conditional: true,
        records,
      });
      return ended !== 0;
    },

    endClient: async (uid, client, records, initiator = 'user') => {
      const rows = await sessions().select(['id', 'payload', 'account_id']).where('uid', '=', uid).execute();
      const held = rows.flatMap((row) => {
        const payload = JSON.parse(row.payload) as Artifact;
        const { [client]: entry, ...left } = Object.fromEntries(entriesOf(payload.authorizations));
        return entry ? [{ ...row, entry, without: JSON.stringify({ ...payload, authorizations: left }) }] : [];
      });
      if (held.length === 0) return false;
      const steps: Compilable[] = [
        // First, and only if nobody saved the session meanwhile: what another request put into it is not lost.
        ...held.map(({ id, payload, without }) =>
          db
            .updateTable('artifacts')
            .set({ payload: without })
            .where('model', '=', 'Session')
            .where('id', '=', id)
            .where('payload', '=', payload),
        ),
        ...held.flatMap(({ id, entry: { sid } }) =>
          typeof sid === 'string'
            ? [db.deleteFrom('session_sids').where('sid', '=', sid).where('session_id', '=', id)]
            : [],
        ),
      ];
      const grants = held.flatMap(({ entry: { grantId } }) => (typeof grantId === 'string' ? [grantId] : []));
      const personId = held[0]?.account_id ?? null;
      steps.push(...endGrants(db, { personId, grants, initiator }));
      const [changed] = await write({ steps, conditional: true, records });
      return changed !== 0;
    },

    signOut: async (uid) => {
      const { clients, ...its } = await heldIn(uid);
      await write({ steps: endSession(db, uid, { ...its, initiator: 'user' }), conditional: true });
      return clients;
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
    clients: clientsOf({ authorizations }),
    upstream: upstream ?? undefined,
  };
}

function clientsOf({ authorizations }: Artifact): SignInSession['clients'] {
  return entriesOf(authorizations).flatMap(([client, { sid }]) => (typeof sid === 'string' ? [{ client, sid }] : []));
}

function grantsOf({ authorizations }: Artifact): string[] {
  return entriesOf(authorizations).flatMap(([, { grantId }]) => (typeof grantId === 'string' ? [grantId] : []));
}

/** `authorizations` of a Session: `{ [clientId]: { sid, grantId } }`. */
function entriesOf(authorizations: unknown): [client: string, entry: { sid?: unknown; grantId?: unknown }][] {
  return Object.entries((authorizations ?? {}) as Record<string, object>);
}
