import type { Generated } from 'kysely';
import type { CoveredName } from './digests.ts';
import type { BulletinEvent, Initiator } from './off.ts';

/**
 * The tables, as Kysely sees them. Only what SQLite and PostgreSQL both have: text, integers and NULL. Times are epoch
 * seconds unless the name ends in `_ms`; truth values are 0 and 1.
 */
export interface Schema {
  marks: MarkTable;
  audit: AuditTable;
  audit_checkpoints: CheckpointTable;
  audit_tree: TreeTable;
  audit_witnesses: WitnessTable;
  audit_terms: AuditTermTable;
  audit_late: AuditTimeTable;
  audit_early: AuditTimeTable;
  audit_readers: AuditReaderTable;
  audit_hours: AuditHourTable;
  audit_days: AuditDayTable;
  audit_sums: AuditSumTable;
  artifacts: ArtifactTable;
  session_sids: SessionSidTable;
  session_holdings: HoldingTable;
  people: PeopleTable;
  memberships: MembershipTable;
  sources: SourceTable;
  groups: GroupTable;
  provisioned: ProvisionedTable;
  provisioned_emails: ProvisionedEmailTable;
  scim_tokens: ScimTokenTable;
  imports: ImportTable;
  client_secrets: ClientSecretTable;
  policies: PolicyTable;
  drafts: DraftTable;
  digests: DigestTable;
  accounts: AccountTable;
  cut_offs: CutOffTable;
  revoked_tokens: RevokedTokenTable;
  ids_elsewhere: IdElsewhereTable;
  upstream_links: UpstreamLinkTable;
  upstream_sessions: UpstreamSessionTable;
  factors: FactorTable;
  once_codes: OnceCodeTable;
  account_links: AccountLinkTable;
  administrators: AdministratorTable;
  break_glass: BreakGlassTable;
  api_tokens: ApiTokenTable;
  admin_sessions: AdminSessionTable;
  notices: NoticeTable;
  access_requests: AccessRequestTable;
  agent_uses: AgentUseTable;
  agent_uses_read: AgentUseReadTable;
  agent_people: AgentPersonTable;
  bulletins: BulletinTable;
  bulletin_readers: BulletinReaderTable;
  exports: ExportTable;
  audit_prunings: PruningTable;
  stops: StopTable;
  stop_readers: BulletinReaderTable;
  change_sequence: ChangeSequenceTable;
  loss_sequence: ChangeSequenceTable;
  chains: ChainTable;
  epoch: EpochTable;
  moves: MoveTable;
}

/** What happened once, must not happen again, and is asked about. */
interface MarkTable {
  kind: string;
  id: string;
  until: number;
}

/**
 * The record. A trigger refuses DELETE, and every UPDATE but the one that erases what is personal. `position` is given by the
 * database: 1, 2, 3, ... without gaps.
 */
export interface AuditTable {
  position: number;
  node: string;
  seq: number;
  previous_hash: string;
  hash: string;
  id: string;
  kind: string;
  time_ms: number;
  body: string;
  personal: string | null;
  person: string | null;
  client: string | null;
  server: string | null;
  id_jag: string | null;
  access_token: string | null;
}

/** Signed roots of the tree over the lines of the record. A trigger refuses UPDATE and DELETE. */
interface CheckpointTable {
  /** 1, 2, 3, ...: of two nodes that seal at once one finds its number taken. */
  number: number;
  /** How many lines, from the first on, it covers. */
  size: number;
  root: string;
  time_ms: number;
  /** What was signed, as a compact JWS. */
  statement: string;
}

/** Roots of complete subtrees over 256, 65,536, ... lines. A trigger refuses UPDATE and DELETE. */
interface TreeTable {
  level: number;
  place: number;
  hash: string;
}

/** The last checkpoint that a witness outside confirmed. */
interface WitnessTable {
  name: string;
  number: number;
  time_ms: number;
}

/** Goes with the role of its person, as a session of the admin listener does. */
interface ApiTokenTable {
  id: string;
  person_id: string;
  name: string;
  /** Separated by spaces. */
  scopes: string;
  token_hash: string;
  created_at: number;
  expires_at: number;
  last_used_at: number | null;
}

interface AdminSessionTable {
  id_hash: string;
  person_id: string;
  sid: string;
  network: string;
  two_factors: 0 | 1;
  signed_in_at: number;
  started_at: number;
  seen_at: number;
}

/** What somebody whose agent was refused has asked for, and what they were answered. */
export interface AccessRequestTable {
  id: string;
  person_id: string;
  client: string;
  server: string;
  decision: string;
  words: string;
  wanted: 'day' | 'week' | 'work';
  asked_at: number;
  state: 'open' | 'drafted' | 'approved' | 'declined';
  draft: string | null;
  until: number | null;
  word: string | null;
  answered_at: number | null;
  answered_by: string | null;
}

/** Where a fact comes up in the record; see `audit-terms.ts`. */
interface AuditTermTable {
  term: string;
  position: number;
  others: string | null;
}

/** Lines before which no time is as late, and behind which none is as early; see `audit-index.ts`. */
interface AuditTimeTable {
  ms: number;
  position: number;
}

/** Up to which line a reader of the record has come. */
interface AuditReaderTable {
  name: string;
  position: number;
}

/** The record in numbers; see `audit-tally.ts`. */
export interface AuditHourTable {
  hour: number;
  kind: string;
  outcome: string;
  reason: string;
  lines: number;
}

export interface AuditDayTable {
  side: 'idp' | 'ras';
  server: string;
  day: number;
  client: string;
  issued: number;
  redeemed: number;
  called: number;
  refused: number;
  last_ms: number;
}

/** The same added up for each server, and for each client, in spans of one day and of eight; `day` is the first of them. */
export interface AuditSumTable extends Omit<AuditDayTable, 'server' | 'client'> {
  about: 'server' | 'client';
  span: 1 | 8;
  /** Of the server or client. */
  id: string;
}

/** What `oidc-provider` keeps; the columns beside `payload` are copies of its members, to search by. */
interface ArtifactTable {
  model: string;
  id: string;
  payload: string;
  uid: string | null;
  grant_id: string | null;
  account_id: string | null;
  consumed_at: number | null;
  expires_at: number | null;
}

/** The `sid` values a Session holds, one for each client it signed in to. */
interface SessionSidTable {
  sid: string;
  model: string;
  session_id: string;
}

/** What a session was given of what must never come together. */
interface HoldingTable {
  session: string;
  /** A JSON list of `server scope`. */
  held: string;
  /** Not removed before, nor while the session stands. */
  until: number;
}

interface PeopleTable {
  id: string;
  source: string;
  email: string;
  /** `email` in lower case; what is unique and searched. */
  email_folded: string;
  name: string;
  active: number;
  password_hash: string | null;
}

export interface MembershipTable {
  person_id: string;
  kind: 'group' | 'role';
  /** Id of the group or role. */
  of_id: string;
}

/** Who may own records: `local`, `scim:okta`; the name after the colon belongs to one of them only. */
interface SourceTable {
  source: string;
  name: string;
}

/** Groups and roles. Rules name `id`; everything else is for people to read. */
export interface GroupTable {
  kind: 'group' | 'role';
  id: string;
  source: string;
  name: string;
  /** `name` in lower case, as all `_folded` columns: what is compared and sorted. */
  name_folded: string;
  external_id: string | null;
  version: number;
  created_ms: number;
  modified_ms: number;
}

/** What a source says of a person of its own, beside the row in `people`. */
export interface ProvisionedTable {
  person_id: string;
  source: string;
  /** What tells people of this source apart: `userName` in lower case, or the `sub` of an upstream exactly. */
  handle: string;
  external_id: string | null;
  name_folded: string;
  /** Whether the source wants them active; `people.active` is this unless `blocked`. */
  wanted_active: number;
  blocked: number;
  attributes: string;
  version: number;
  created_ms: number;
  modified_ms: number;
}

/** Every address of a provisioned person, to search by. */
interface ProvisionedEmailTable {
  email_folded: string;
  person_id: string;
}

interface ScimTokenTable {
  id: string;
  source: string;
  token_hash: string;
  created_at: number;
  last_used_at: number | null;
}

/** How far the import of a file, known by its SHA-256, has come. */
interface ImportTable {
  source: string;
  digest: string;
  position: number;
}

interface ClientSecretTable {
  domain: string;
  client_id: string;
  secret_hash: string;
  created_at: number;
}

/** Policy versions. A trigger refuses UPDATE and DELETE. */
interface PolicyTable {
  kind: string;
  version: number;
  document: string;
  digest: string;
  author: string;
  published_at: number;
}

/** What says that a part of the store is as it was written; see `digests.ts`. */
interface DigestTable {
  name: CoveredName;
  sequence: number;
  statement: string;
  mac: string;
}

interface AccountTable {
  id: string;
  issuer: string;
  /** '' = the issuer has no tenants. */
  tenant: string;
  subject: string | null;
  /** In lower case. */
  email: string | null;
  active: number;
}

/** What signals have left behind, by subject: most have no account here yet, or never will. */
interface CutOffTable {
  issuer: string;
  tenant: string;
  subject: string;
  grants_before: number;
  tokens_before: number;
  disabled_at: number;
  enabled_at: number;
  /** No token lives longer that it concerns. */
  until: number;
  /** Value of the change sequence when it changed last. */
  position: number;
}

/** Single tokens that were revoked, for whoever follows what is revoked; the mark is what counts. */
interface RevokedTokenTable {
  id: string;
  resource: string;
  until: number;
  position: number;
}

/** What people are called at other authorization servers. */
interface IdElsewhereTable {
  person_id: string;
  /** Issuer of the RAS. */
  ras: string;
  id_there: string;
}

/** Who somebody is at an identity provider of the organisation: issuer and subject, never an e-mail address. */
interface UpstreamLinkTable {
  issuer: string;
  subject: string;
  upstream: string;
  person_id: string;
  linked_at: number;
}

/** The session over there on which one of ours, by its `uid`, stands. */
interface UpstreamSessionTable {
  session_uid: string;
  upstream: string;
  issuer: string;
  subject: string;
  sid: string | null;
  id_token: string;
  expires_at: number;
}

/** Authenticator apps and passkeys. Nothing in a row lets whoever reads it sign in (T25). */
interface FactorTable {
  id: string;
  person_id: string;
  kind: string;
  name: string;
  /** The sealed secret of an app; the public key of a passkey. */
  material: string;
  credential_id: string | null;
  synced: number;
  /** Last time step used, or signature counter: only ever grows. */
  counter: number;
  created_at: number;
  last_used_at: number | null;
}

/** Hashes of codes that work once: the row goes with its use. */
interface OnceCodeTable {
  person_id: string;
  purpose: string;
  code_hash: string;
  expires_at: number | null;
}

/** Links that let somebody choose a password, by the hash of what is in them (T25). */
interface AccountLinkTable {
  person_id: string;
  token_hash: string;
  purpose: 'invitation' | 'reset';
  created_at: number;
  opens_at: number;
  expires_at: number;
}

/** Who administers Credence; written by commands only. */
interface AdministratorTable {
  person_id: string;
  role: 'owner' | 'policy' | 'people' | 'auditor' | 'help-desk';
  granted_at: number;
}

/** One row at most. */
interface BreakGlassTable {
  one: number;
  person_id: string;
  changed_at: number;
}

/** What somebody else did to how a person signs in, and the person has not been told yet. */
interface NoticeTable {
  id: string;
  person_id: string;
  what: 'reset_link' | 'factor_removed';
  about: string;
  at: number;
}

/** When a client was first and last given an ID-JAG in somebody's name for a server, told by the record. */
interface AgentUseTable {
  person_id: string;
  client: string;
  server: string;
  first_ms: number;
  last_ms: number;
}

/** One row: how much of the record is in the table above. */
interface AgentUseReadTable {
  one: number;
  position: number;
  /** How many times a person, a client and a server met that had not met before. */
  meetings: number;
}

/** When each person who is here last had an ID-JAG issued. */
interface AgentPersonTable {
  person_id: string;
  last_ms: number;
}

/** What authorization servers are to be told of a person. `position` is given by the database and never used again. */
interface BulletinTable {
  position: Generated<number>;
  person_id: string;
  event: BulletinEvent;
  /** `group:engineering`: what the person was taken out of; NULL where the reason is another. */
  membership: string | null;
  /** 1 = put into it, not taken out: what may take something away is a rule that denies. Written by a trigger. */
  joined: Generated<number>;
  initiator: Initiator;
  at: number;
  /** The stop because of which it is told; NULL where the reason is another. */
  stop_id: string | null;
}

/** Who and what is stopped, and how that ended. A row with `lifted_at` is over; what is older than its times is not. */
export interface StopTable {
  id: string;
  kind: string;
  target: string;
  /** JSON; see `stop.ts`. */
  hits: string;
  person_id: string | null;
  /** The issuer that said so; NULL = it was ordered here. */
  origin: string | null;
  reason: string;
  made_by: string;
  at: number;
  ends_at: number | null;
  lifted_at: number | null;
  lifted_by: string | null;
  lift_reason: string | null;
  grants_before: number;
  tokens_before: number;
  until: number;
  /** Value of the change sequence when it changed last. */
  position: number;
}

/** Up to which position somebody has dealt with the bulletins, or the stops. */
interface BulletinReaderTable {
  reader: string;
  position: number;
}

/** Behind which positions the record begins, since when. */
interface PruningTable {
  position: number;
  time_ms: number;
  last_ms: number;
}

/** How far each export of the record has come, and which node carries it on. */
export interface ExportTable {
  name: string;
  position: number;
  sent: number;
  dead: number;
  holder: string | null;
  beat: number;
  moved_ms: number;
  failing: string | null;
  failing_ms: number | null;
}

/** One row: how many changes there were. */
interface ChangeSequenceTable {
  id: number;
  value: number;
}

/** Where each chain of the record ends. */
interface ChainTable {
  node: string;
  seq: number;
  hash: string;
}

/** One row: what still counts of what was issued. See `epoch.ts`. */
interface EpochTable {
  one: number;
  /** What our own tokens carry; '' before the first restore. */
  id: string;
  /** What works once counts only when it was issued after this second. */
  since: number;
  /** JSON: a new epoch that the next process to serve has to begin. */
  begins: string | null;
}

/** How far a move of the whole store has come: see `move/`. */
interface MoveTable {
  what: string;
  /** JSON. */
  note: string;
}

/** Changes that are not in force. */
export interface DraftTable {
  id: string;
  kind: string;
  name: string;
  base: number;
  /** JSON. */
  document: string;
  digest: string;
  revision: number;
  state: 'open' | 'proposed';
  /** Ids of people, separated by blanks. */
  authors: string;
  created_at: number;
  changed_at: number;
}
