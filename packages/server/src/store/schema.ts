/**
 * The tables, as Kysely sees them. Only what SQLite and PostgreSQL both have: text, integers and NULL. Times are epoch
 * seconds unless the name ends in `_ms`; truth values are 0 and 1.
 */
export interface Schema {
  marks: MarkTable;
  audit: AuditTable;
  artifacts: ArtifactTable;
  session_sids: SessionSidTable;
  people: PeopleTable;
  memberships: MembershipTable;
  client_secrets: ClientSecretTable;
  policies: PolicyTable;
  accounts: AccountTable;
  change_sequence: ChangeSequenceTable;
}

/** What happened once and must not happen again. */
interface MarkTable {
  kind: string;
  id: string;
  until: number;
}

/** The record. A trigger refuses UPDATE and DELETE. `position` is given by the database. */
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
  person: string | null;
  client: string | null;
  server: string | null;
  id_jag: string | null;
  access_token: string | null;
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

interface AccountTable {
  id: string;
  issuer: string;
  subject: string;
  active: number;
}

/** One row: how many changes there were. */
interface ChangeSequenceTable {
  id: number;
  value: number;
}
