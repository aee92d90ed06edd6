import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AdminSessionStore } from './admin-sessions.ts';
import type { AdministratorStore } from './administrators.ts';
import type { AgentUseStore } from './agent-uses.ts';
import type { ApiTokenStore } from './api-tokens.ts';
import type { OrphanStore } from './audit-orphans.ts';
import type { AuditSearchStore } from './audit-search.ts';
import type { DigestStore } from './digests.ts';
import type { DirectoryStore } from './directory.ts';
import type { DraftStore } from './drafts.ts';
import type { EpochStore } from './epoch.ts';
import type { ErasureStore } from './erasure.ts';
import type { ExportStore } from './exports.ts';
import type { HeldStore, Holding } from './held.ts';
import type { LinkStore } from './links.ts';
import type { NoticeStore } from './notices.ts';
import type { BulletinStore, Initiator } from './off.ts';
import type { PeopleAdminStore } from './people-admin.ts';
import type { PopulationStore } from './population.ts';
import type { RequestStore } from './requests.ts';
import type { RetentionStore } from './retention.ts';
import type { SealStore } from './seals.ts';
import type { StopStore } from './stop.ts';
import type { UseStore } from './uses.ts';

/**
 * What Credence keeps, as a contract. SQLite and PostgreSQL implement it, and whatever comes next passes the
 * same `store.contract.ts`. Every method that changes something resolves only once the change is durable (it survives
 * `kill -9` and power loss), and throws {@link StoreUnavailable} when that cannot be had: no store, no token.
 */
export interface Store {
  /** See {@link Commit}. */
  commit(commit: Commit): Promise<CommitOutcome>;
  /** True once a mark was used up, at least until its last second. Never a substitute for winning it in a commit. */
  isMarked(kind: 'token_revoked' | 'logout_token', id: string): Promise<boolean>;
  readonly audit: AuditStore;
  readonly auditSearch: AuditSearchStore;
  readonly orphans: OrphanStore;
  readonly seals: SealStore;
  readonly erasure: ErasureStore;
  readonly artifacts: ArtifactStore;
  readonly people: PeopleStore;
  readonly peopleAdmin: PeopleAdminStore;
  readonly directory: DirectoryStore;
  readonly credentials: CredentialStore;
  readonly policies: PolicyStore;
  readonly drafts: DraftStore;
  readonly population: PopulationStore;
  /** Whether what is kept of who may do what is what was written through us (T24). */
  readonly digests: DigestStore;
  readonly accounts: AccountStore;
  readonly cutOffs: CutOffStore;
  readonly held: HeldStore;
  readonly upstream: UpstreamStore;
  readonly sessions: SessionStore;
  readonly factors: FactorStore;
  readonly bulletins: BulletinStore;
  readonly stops: StopStore;
  readonly links: LinkStore;
  readonly administrators: AdministratorStore;
  readonly apiTokens: ApiTokenStore;
  readonly adminSessions: AdminSessionStore;
  readonly notices: NoticeStore;
  readonly requests: RequestStore;
  readonly agentUses: AgentUseStore;
  readonly uses: UseStore;
  readonly epoch: EpochStore;
  readonly exports: ExportStore;
  readonly retention: RetentionStore;
  /**
   * Grows with every change to people, groups, sources, credentials, policies, accounts or who is cut off, and with every bulletin,
   * by whichever process made it. A node compares it to know when to drop what it keeps in memory.
   */
  changeSequence(): Promise<number>;
  /**
   * Grows with every change that may take something away from somebody: a person, account or membership gone or off, a session
   * ended, a subject cut off, a policy published, a stop made or ended. See {@link Commit.asOf}.
   */
  lossSequence(): Promise<number>;
  /**
   * Resolves once a change that changes nothing was made durable: at this moment the store can be written. One small
   * transaction; leaves nothing behind, not even in the change sequence.
   */
  proveWritable(): Promise<void>;
  /** Milliseconds since 1970 by the clock of the database's machine; `undefined` where that is this machine. */
  clockMs(): Promise<number | undefined>;
  /** Deletes marks and artifacts whose time has passed. Safe to run at any moment. */
  purge(now: EpochSeconds): Promise<void>;
  close(): Promise<void>;
}

/** Thrown when the store cannot answer or cannot make a change durable. The edge answers 503. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** Thrown when a change contradicts one that came first: a version already published, an e-mail address already taken. */
export class StoreConflict extends Error {
  override readonly name = 'StoreConflict';
}

/** Something that may happen once: a `jti` redeemed, a client assertion, proof or logout token used, an access token revoked. */
export interface Mark {
  readonly kind: 'id_jag' | 'client_assertion' | 'dpop_proof' | 'token_revoked' | 'logout_token';
  /** Everything that makes it unique; for an ID-JAG issuer, tenant and `jti` (RAS-12). */
  readonly id: string;
  /** The last second in which it would be accepted, skew included. The mark MUST outlive it. */
  readonly until: EpochSeconds;
}

/**
 * One durable step: use up `marks`, in order, and append `records`. Commits that arrive together share one transaction
 * and one flush (group commit, without a timer); each still wins or loses alone.
 *
 * When a mark was already used, the marks before it stay used, and nothing after it happens. For any mark exactly one commit wins, on any number of threads, processes and nodes.
 */
export interface Commit {
  readonly marks: readonly Mark[];
  readonly records: readonly AuditRow[];
  /**
   * The loss sequence before anything was read that this rests on. When it has moved by the time of the commit, which no
   * change can pass, nothing happens: what was to be granted may have been taken away meanwhile (T19).
   */
  readonly asOf?: number | undefined;
  /** What a session holds from then on. When it does not fit what the session holds by then, nothing happens, as with `asOf`. */
  readonly holding?: Holding | undefined;
}

/** `stale`: something was taken away from somebody since {@link Commit.asOf}, or a session was given what {@link Commit.holding} does not fit; nothing happened, and it is to be decided again. */
export type CommitOutcome =
  | { readonly won: true }
  | { readonly won: false; readonly lost: Mark }
  | { readonly won: false; readonly stale: true };

/** One line of the record as handed to the store; `body` is the JSON text that the chain commits to, whatever version it has. */
export interface AuditRow {
  /** Unique, unguessable; what people call the decision id. */
  readonly id: string;
  readonly kind: string;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly body: string;
  /** What `body` says that readers of the record go by, of a line that is just being written. It is not kept: `body` is. */
  readonly said?: SaidFacts | undefined;
  /** JSON text of what tells of a person; `body` carries its hash. Absent when there is none, and when it was erased. */
  readonly personal?: string | undefined;
  /** Look-up keys; the truth is in `body` and `personal`. */
  readonly person?: string | undefined;
  readonly client?: string | undefined;
  readonly server?: string | undefined;
  /** `jti` of the ID-JAG and of the access token it speaks of. */
  readonly idJag?: string | undefined;
  readonly accessToken?: string | undefined;
}

/** Members of `body`, each of them what it is there. */
export interface SaidFacts {
  readonly issuer?: unknown;
  readonly domain?: unknown;
  readonly outcome?: unknown;
  readonly reason?: unknown;
  readonly correlation?: unknown;
  readonly scopesGranted?: unknown;
  readonly scopesAsked?: unknown;
  readonly unknownScopes?: unknown;
  readonly by?: unknown;
  readonly credential?: unknown;
}

/** A line as kept: its place in the chain of the node that wrote it. */
export interface StoredAuditRow extends AuditRow {
  /** Grows over the whole store; the order of {@link AuditStore.read}. */
  readonly position: number;
  readonly node: string;
  /** 1, 2, 3, ... within the node, without gaps. */
  readonly seq: number;
  /** Hash of the line before it on this node, and of this one, base64url (see `chain.ts`). */
  readonly previousHash: string;
  readonly hash: string;
}

export interface AuditStore {
  /** Lines after `position`, oldest first, at most `limit`. */
  read(after: number, limit: number): Promise<readonly StoredAuditRow[]>;
  /** The last `limit` lines, oldest first. */
  last(limit: number): Promise<readonly StoredAuditRow[]>;
  find(id: string): Promise<StoredAuditRow | undefined>;
  /** Every line that speaks of this `jti`, be it an ID-JAG's or an access token's, oldest first. */
  findByToken(jti: string): Promise<readonly StoredAuditRow[]>;
  /** The line of what gave it out: the issuance of an ID-JAG, the redemption for an access token. However often it was used, one is read. */
  findGiven(what: 'id_jag' | 'access_token', jti: string): Promise<StoredAuditRow | undefined>;
}

/** What `oidc-provider` keeps (codes, sessions, refresh tokens, ...), by model name and id. */
export interface ArtifactStore {
  /** Never resolves to one that has expired by the clock of this node; a consumed one carries `consumed`. */
  find(model: string, id: string): Promise<Artifact | undefined>;
  findByUid(model: string, uid: string): Promise<Artifact | undefined>;
  /** Creates or replaces it. What was consumed stays consumed. */
  upsert(model: string, id: string, payload: Artifact, expiresAt: EpochSeconds | undefined): Promise<void>;
  /**
   * Saves a Session anew, under another id where it has one now, in one step: of all that have read it, one. Resolves false, and
   * writes nothing, where it has ended or been saved since: what others put into it is not lost, and nothing ended comes back.
   * @param before - its id and payload as read
   */
  replaceSession(
    before: { readonly id: string; readonly payload: string },
    after: { readonly id: string; readonly payload: Artifact; readonly expiresAt: EpochSeconds },
  ): Promise<boolean>;
  /** Marks it consumed, unless it has expired. Resolves true for exactly one caller, also when several arrive at once (T05). */
  consume(model: string, id: string, now: EpochSeconds): Promise<boolean>;
  destroy(model: string, id: string): Promise<void>;
  /**
   * Removes every artifact, of any model, that belongs to this grant, with bulletin if there was one; the Grant itself goes by
   * {@link destroy}.
   */
  revokeGrant(grantId: string): Promise<void>;
  /** True while a Session holds this `sid` for some client and has neither ended nor expired (IDP-13). */
  sessionStands(sid: string, now: EpochSeconds): Promise<boolean>;
  /** Removes every session and grant-bound artifact of a person, and leaves a bulletin. */
  endSessionsOf(personId: string, initiator?: Initiator, records?: readonly AuditRow[]): Promise<void>;
}

/** JSON payload of `oidc-provider`; `consumed` is set by {@link ArtifactStore.consume}. */
export type Artifact = Record<string, unknown>;

/** A person as the directory has them now. */
export interface Person {
  /** Random, stable, never reused; the `sub` of tokens. */
  readonly id: string;
  /** Who owns the record: `local`, `scim:<name>` or `upstream:<name>`. Never changes. */
  readonly source: string;
  readonly email: string;
  readonly name: string;
  readonly active: boolean;
  /** Ids of groups, `engineering` for a local one, `<name of the source>/<id>` for others. Policy binds these, never names. */
  readonly groups: readonly string[];
  readonly roles: readonly string[];
}

export interface PeopleStore {
  find(id: string): Promise<Person | undefined>;
  /** Compares without regard to case. */
  findByEmail(email: string): Promise<Person | undefined>;
  /** argon2id, PHC string, or `undefined` when the person has no password here. */
  passwordHash(id: string): Promise<string | undefined>;
  /**
   * Sets it, in one step with the lines that tell of it. `ends`: with everything that was opened before. Throws
   * {@link StoreConflict} when there is no such person.
   */
  setPasswordHash(
    id: string,
    hash: string,
    more?: { readonly ends: boolean; readonly records: readonly AuditRow[] },
  ): Promise<void>;
  /**
   * Creates or replaces the person with exactly these groups and roles (sets: they are read back sorted), and makes
   * local ones that are not there yet. Keeps the password. Throws {@link StoreConflict} when somebody else has the
   * e-mail address, or the person belongs to another source.
   */
  save(person: Person, records?: readonly AuditRow[]): Promise<void>;
  /** The person's id at a RAS, by its issuer (`aud_sub`); `undefined` when none was set. */
  idAt(id: string, ras: string): Promise<string | undefined>;
  /** Sets it, or takes it away. Throws {@link StoreConflict} when somebody else has this id there. */
  setIdAt(id: string, ras: string, idThere: string | undefined): Promise<void>;
  /** People with ids after `after` ('' = from the start), by id, at most `limit`. */
  list(after: string, limit: number): Promise<readonly Person[]>;
}

/** Which side a credential authenticates at: A the IdP, B the RAS. The two never share one. */
export type Domain = 'idp' | 'ras';

/** A client secret, kept as the SHA-256 of 256 random bits (base64url); two may live during a rotation (KEY-09). */
export interface ClientSecret {
  readonly domain: Domain;
  readonly clientId: string;
  readonly secretHash: string;
  readonly createdAt: EpochSeconds;
}

export interface CredentialStore {
  all(domain: Domain): Promise<readonly ClientSecret[]>;
  /** Resolves false, with nothing done, where it is there already, or the client has as many as it may: also when two come at once. */
  add(
    secret: ClientSecret,
    more?: { readonly most?: number; readonly records?: readonly AuditRow[] },
  ): Promise<boolean>;
  /** Resolves false, with nothing done, where there is none. */
  remove(domain: Domain, clientId: string, secretHash: string, records?: readonly AuditRow[]): Promise<boolean>;
}

export type PolicyKind = 'access' | 'resource';

/** One immutable version of a policy document. */
export interface PolicyVersion {
  readonly kind: PolicyKind;
  readonly version: number;
  /** The document as JSON text. */
  readonly document: string;
  /** SHA-256 of `document`, base64url; checked when it is read. */
  readonly digest: string;
  readonly author: string;
  readonly publishedAt: EpochSeconds;
}

/** A version without its document, which its digest stands for. */
export type PolicyHead = Omit<PolicyVersion, 'document'>;

export interface PolicyStore {
  /** Every version there was, the oldest first: for whoever asks which there are, and not what one of them says. */
  heads(kind: PolicyKind): Promise<readonly PolicyHead[]>;
  latest(kind: PolicyKind): Promise<PolicyVersion | undefined>;
  read(kind: PolicyKind, version: number): Promise<PolicyVersion | undefined>;
  /** Publishes as version n+1, together with its audit rows. Resolves to n+1; throws {@link StoreConflict} when n is no longer the latest. */
  append(version: PolicyVersion, records: readonly AuditRow[]): Promise<number>;
}

/** A subject as its issuer names it. Two issuers, or two tenants of one, never mean the same account by it (T09). */
export interface AccountKey {
  readonly issuer: string;
  /** `undefined` = the issuer has no tenants. */
  readonly tenant: string | undefined;
  readonly subject: string;
}

/** A subject of a trusted issuer as the RAS knows it. */
export interface Account {
  readonly id: string;
  readonly issuer: string;
  readonly tenant: string | undefined;
  /** `undefined` = made beforehand, and waits for the subject that shows its e-mail address (RAS-24). */
  readonly subject: string | undefined;
  /** In lower case; only of one that was made beforehand. */
  readonly email: string | undefined;
  readonly active: boolean;
  /** Absent where nothing cuts the subject off; as {@link AccountStore.find} has it. */
  readonly cutOff?: CutOff;
}

export interface AccountStore {
  find(key: AccountKey): Promise<Account | undefined>;
  /** Creates it, or resolves to the one that another caller created first. */
  findOrCreate(key: AccountKey, newId: string): Promise<Account>;
  /** The account made beforehand under this address, linked or not. Compares without regard to case. */
  findByEmail(owner: Pick<AccountKey, 'issuer' | 'tenant'>, email: string): Promise<Account | undefined>;
  /** Makes one beforehand, without a subject. Throws {@link StoreConflict} when there is one under this address. */
  reserve(owner: Pick<AccountKey, 'issuer' | 'tenant'>, email: string, newId: string): Promise<void>;
  /**
   * Gives the account its subject, together with the records, when it belongs to this issuer and tenant and has none yet.
   * Resolves true for exactly one caller, also when several arrive at once; a subject that has an account gets no second.
   */
  link(id: string, key: AccountKey, records: readonly AuditRow[]): Promise<boolean>;
  setActive(id: string, active: boolean): Promise<void>;
  /** Accounts with ids after `after` ('' = from the start), by id, at most `limit`. */
  list(after: string, limit: number): Promise<readonly Account[]>;
}

/** What of a subject counts no more, because its issuer said so. */
export interface CutOff {
  /** ID-JAGs issued in this second or before are refused; by the clock of the issuer, 0 = none. */
  readonly grantsBefore: EpochSeconds;
  /** Access tokens issued in this second or before are revoked; by our own clock, 0 = none. */
  readonly tokensBefore: EpochSeconds;
  /** Nothing is given and nothing holds, whenever it was issued (T19). */
  readonly blocked: boolean;
}

/** What a signal does to a subject, known here or not yet. Each time only ever grows; 0 = says nothing about it. */
export interface Effect extends Omit<CutOff, 'blocked'> {
  readonly key: AccountKey;
  readonly disabledAt: EpochSeconds;
  /** Undoes what was disabled before it. */
  readonly enabledAt: EpochSeconds;
  /** From here on no token can live that it concerns. */
  readonly until: EpochSeconds;
}

export interface Signal {
  /** Issuer and `jti` together. */
  readonly id: string;
  /** Until when a second one is known to be a second one. */
  readonly until: EpochSeconds;
  /** `undefined` = it is only on the record. */
  readonly effect: Effect | undefined;
}

/** An access token that was revoked by itself (RFC 7009). */
export interface RevokedToken {
  readonly id: string;
  readonly resource: string;
  readonly until: EpochSeconds;
}

/** The number of the change that made something so: what came after a position is what has changed since. */
export interface Positioned {
  readonly position: number;
}

export interface CutOffStore {
  /** What is so of a subject, whether it has an account or not. */
  find(key: AccountKey): Promise<CutOff | undefined>;
  /**
   * Takes a signal and writes its records, in one step. Resolves false, and nothing happens, when it was taken before. The
   * outcome of several does not depend on their order.
   */
  take(signal: Signal, records: readonly AuditRow[]): Promise<boolean>;
  /** Whether a token of this account, issued then, holds no more: cut off by its issuer, or the account is switched off here. */
  isCutOff(accountId: string, issuedAt: EpochSeconds): Promise<boolean>;
  /** Makes known, to whoever follows, that a token is revoked; what revokes it is its mark. */
  revokeToken(token: RevokedToken): Promise<void>;
  /** Accounts whose cut-off changed after a position and may still concern a token, oldest change first, at most `limit`. */
  people(
    after: number,
    now: EpochSeconds,
    limit: number,
  ): Promise<readonly (CutOff & Positioned & { readonly account: string; readonly until: EpochSeconds })[]>;
  /** The same of single tokens. */
  tokens(after: number, now: EpochSeconds, limit: number): Promise<readonly (RevokedToken & Positioned)[]>;
}

/** An identity at an identity provider of the organisation that belongs to somebody whose record another source owns. */
export interface UpstreamLink {
  readonly issuer: string;
  readonly subject: string;
  /** Name of the upstream in the configuration. */
  readonly upstream: string;
  readonly personId: string;
  readonly linkedAt: EpochSeconds;
}

/** The session over there on which one of ours stands. */
export interface UpstreamSession {
  /** `uid` of the Session here. */
  readonly sessionUid: string;
  readonly upstream: string;
  readonly issuer: string;
  readonly subject: string;
  readonly sid: string | undefined;
  /** For `id_token_hint` when the person signs out, sealed by whoever keeps it here. */
  readonly idToken: string;
}

export interface UpstreamStore {
  /** The person of another source whom this identity is linked to; the link goes with the person. */
  findLink(issuer: string, subject: string): Promise<UpstreamLink | undefined>;
  /** Links somebody who is here. Throws {@link StoreConflict} when the identity is linked already, or there is no such person. */
  link(link: UpstreamLink, records: readonly AuditRow[]): Promise<void>;
  /** The same for somebody whom nothing of this issuer is linked to. Resolves false otherwise, also when another link is made at that moment. */
  linkFirst(link: UpstreamLink, records: readonly AuditRow[]): Promise<boolean>;
  /** Resolves false when there was no such link. */
  unlink(issuer: string, subject: string, records: readonly AuditRow[]): Promise<boolean>;
  linksOf(personId: string): Promise<readonly UpstreamLink[]>;
  saveSession(session: UpstreamSession, expiresAt: EpochSeconds): Promise<void>;
  findSession(sessionUid: string): Promise<UpstreamSession | undefined>;
  forgetSession(sessionUid: string): Promise<void>;
  /**
   * `uid` of every session here that stands on this one over there, or, without `sid`, on any of the subject. With both also
   * those of the subject of which no `sid` is known.
   */
  sessionsOn(there: {
    readonly issuer: string;
    readonly subject: string | undefined;
    readonly sid: string | undefined;
  }): Promise<readonly string[]>;
}

/** A sign-in that stands: one browser of one person. */
export interface SignInSession {
  /** Names it, here and in `credence session`; no credential. */
  readonly uid: string;
  readonly personId: string;
  readonly startedAt: EpochSeconds | undefined;
  readonly expiresAt: EpochSeconds | undefined;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
  /** Clients signed in to, each with the `sid` that its ID Tokens carry. */
  readonly clients: readonly { readonly client: string; readonly sid: string }[];
  /** Name of the upstream the person came from. */
  readonly upstream: string | undefined;
}

export interface SessionStore {
  find(uid: string, now: EpochSeconds): Promise<SignInSession | undefined>;
  /** Those with uids after `after` ('' = from the start), by uid, at most `limit`; of one person where one is named. */
  list(page: {
    readonly after: string;
    readonly limit: number;
    readonly personId?: string | undefined;
    readonly now: EpochSeconds;
    /** Nobody but owners hears of the break-glass account. */
    readonly withoutBreakGlass?: boolean | undefined;
  }): Promise<readonly SignInSession[]>;
  /**
   * Ends a session and everything that was granted in it, in one step, together with `records` and a bulletin. Resolves false
   * when there was none: then nothing is written. Other sessions of the person stand.
   */
  end(uid: string, records: readonly AuditRow[], initiator?: Initiator): Promise<boolean>;
  /** Its owner ends a session, with what was granted in it. Leaves a bulletin. Resolves to the clients that it held. */
  signOut(uid: string): Promise<SignInSession['clients']>;
  /**
   * Takes one client out of a session, with everything that was granted to it there: its ID Tokens and refresh tokens are
   * worth nothing from then on. Resolves false when the session does not hold it, or is saved by somebody else at that moment: then
   * nothing is written.
   */
  endClient(uid: string, client: string, records: readonly AuditRow[], initiator?: Initiator): Promise<boolean>;
}

/** What a person of the local directory proves themselves with, besides the password. */
export interface Factor {
  readonly id: string;
  readonly personId: string;
  /** An authenticator app (RFC 6238), or a passkey (WebAuthn). */
  readonly kind: 'totp' | 'passkey';
  /** What the person calls it. */
  readonly name: string;
  /** App: its secret, sealed with a key that is not in the store. Passkey: its public key, SPKI, base64url. */
  readonly material: string;
  readonly credentialId: string | undefined;
  /** Passkey that is copied from device to device (backup eligible). */
  readonly isSynced: boolean;
  /** App: the last time step used. Passkey: the last signature counter. */
  readonly counter: number;
  readonly createdAt: EpochSeconds;
  readonly lastUsedAt: EpochSeconds | undefined;
}

/** Changes and the lines that tell of them are one durable step; a change that is refused leaves no line. */
export interface FactorStore {
  of(personId: string): Promise<readonly Factor[]>;
  findPasskey(credentialId: string): Promise<Factor | undefined>;
  /**
   * Adds a factor. With an enrolment code it spends that code, and resolves false, adding nothing, when the code is gone.
   * Throws {@link StoreConflict} when somebody has this credential already.
   */
  add(factor: Factor, options: FactorAddition): Promise<boolean>;
  /**
   * Uses up a time step or a signature counter. Resolves true for exactly one caller, also when several arrive at once
   * with the same code, and never for one that was used, or passed by, before. A counter of 0 is one that never counts.
   */
  advance(id: string, counter: number, now: EpochSeconds): Promise<boolean>;
  rename(personId: string, id: string, name: string, records: readonly AuditRow[]): Promise<boolean>;
  /** Removes one of this person's factors; with the last of them go the recovery codes. */
  remove(personId: string, id: string, records: readonly AuditRow[]): Promise<boolean>;
  /** Removes all factors and codes of a person and ends their sessions. Resolves to the number of factors removed. */
  reset(personId: string, records: readonly AuditRow[]): Promise<number>;
  /** Replaces the recovery codes. */
  setRecoveryCodes(personId: string, hashes: readonly string[], records: readonly AuditRow[]): Promise<void>;
  /** Replaces the enrolment code. */
  setEnrolmentCode(
    personId: string,
    hash: string,
    expiresAt: EpochSeconds,
    records: readonly AuditRow[],
  ): Promise<void>;
  recoveryCodesLeft(personId: string): Promise<number>;
  /** Whether this enrolment code would be spent by {@link add}. */
  hasEnrolmentCode(personId: string, hash: string, now: EpochSeconds): Promise<boolean>;
  /** Resolves true for exactly one caller. */
  spendRecoveryCode(personId: string, hash: string, now: EpochSeconds, records: readonly AuditRow[]): Promise<boolean>;
}

export interface FactorAddition {
  /** Hash of the enrolment code that this spends. */
  readonly enrolmentCode?: string | undefined;
  /** Hashes of the recovery codes that come with a first factor. */
  readonly recoveryCodes?: readonly string[] | undefined;
  readonly now: EpochSeconds;
  readonly records: readonly AuditRow[];
}
