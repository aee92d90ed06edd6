import { isDeepStrictEqual } from 'node:util';
import type { EpochSeconds } from '@credence/mcp/protocol';
import Provider, { errors } from 'oidc-provider';
import { type Artifact, type Store, StoreUnavailable } from '../../store/store.ts';
import { addToPayload } from './session-times.ts';

/** Of so many tabs that save at the same moment, each gets its turn. */
const maxAttempts = 20;

/** What the types of `oidc-provider` leave out, and what is added here. */
type Session = Awaited<ReturnType<Provider['Session']['get']>> & {
  touched: boolean;
  /** The payload as it was read, or last saved; `undefined` = in no store yet. */
  asRead?: string | undefined;
  getValueAndPayload(): Promise<{ readonly payload: Artifact }>;
};

/**
 * Tabs of one browser are at the same session at once. Each saves what it has changed, over what the others have: no client
 * that one of them signs in to is lost, none that was taken out comes back, and nor does a session that has ended (IDP-13).
 */
export function saveSessionsWhole({ Session }: Provider, { artifacts }: Store, now: () => EpochSeconds): void {
  addToPayload(Session, 'asRead');
  const prototype = Session.prototype as Session;

  // A session is known by another id once somebody has proven in it who they are, so that whoever planted the id of before has
  // nothing (session fixation). Not whenever a tab comes back: the others still come with the id that all of them were given.
  const reset = prototype.resetIdentifier;
  prototype.resetIdentifier = function resetIdentifier(this: Session) {
    if (Provider.ctx?.oidc.result?.login) reset.call(this);
  };

  prototype.save = async function save(this: Session, ttlSeconds: number) {
    this.exp = now() + ttlSeconds;
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const { asRead, ...payload } = (await this.getValueAndPayload()).payload;
      const text = JSON.stringify(payload);
      const after = { id: this.jti, payload, expiresAt: this.exp };
      if (asRead === undefined) await artifacts.upsert('Session', after.id, payload, after.expiresAt);
      else if (asRead !== text) {
        const before = { id: idIn(String(asRead)), payload: String(asRead) };
        if (!(await artifacts.replaceSession(before, after))) {
          await takeUp(this, (await Session.find(before.id)) as Session | undefined);
          continue;
        }
      }
      this.asRead = text;
      return this.jti;
    }
    throw new StoreUnavailable('The session changes faster than it can be saved.');
  };
}

/** Whether it is in the store as it is known here. */
export function isKept(session: { readonly jti: string; readonly asRead?: string | undefined }): boolean {
  return session.asRead !== undefined && idIn(session.asRead) === session.jti;
}

/** What others have made of it since it was read is as they left it; everything else is as this request does. */
async function takeUp(session: Session, found: Session | undefined): Promise<void> {
  if (!found) {
    session.touched = false;
    // Of no session: the browser has another by now, or none.
    Provider.ctx?.remove('set-cookie');
    throw new errors.TemporarilyUnavailable('the session has ended meanwhile, or somebody has signed in to it');
  }
  const before = JSON.parse(session.asRead ?? '{}') as Partial<Session>;
  session.authorizations = merged(before.authorizations, session.authorizations, found.authorizations);
  if (!isDeepStrictEqual(before.state, found.state)) session.state = found.state;
  session.asRead = found.asRead;
}

type Authorizations = NonNullable<Session['authorizations']>;

function merged(before: Authorizations = {}, ours: Authorizations = {}, theirs: Authorizations = {}): Authorizations {
  const clients = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
  return Object.fromEntries(
    clients.flatMap((client) => {
      const entry = isDeepStrictEqual(before[client], theirs[client]) ? ours[client] : theirs[client];
      return entry ? [[client, entry]] : [];
    }),
  );
}

function idIn(payload: string): string {
  return String((JSON.parse(payload) as Artifact).jti);
}
