import type { EpochSeconds } from '@credence/mcp/protocol';
import type { SearchStore } from './search.ts';
import type { AuditRow, Person } from './store.ts';

/**
 * Records that sources own: groups, roles, and people who come from somewhere else. A source reaches its own records
 * only: every method that changes one takes the source and does nothing to a record of another. All changes write the
 * given lines of the record in the same durable step, or nothing at all.
 */
export interface DirectoryStore {
  /**
   * Makes sure that `source` is known. The name after its colon belongs to one source for good, so that
   * `group:okta/...` can only ever mean one thing. Throws `StoreConflict` when another source has it.
   */
  claimSource(source: string): Promise<void>;
  sources(): Promise<readonly string[]>;
  readonly groups: GroupStore;
  readonly provisioned: ProvisionedStore;
  readonly search: SearchStore;
  readonly scimTokens: ScimTokenStore;
  readonly imports: ImportStore;
}

export type GroupKind = 'group' | 'role';

/** A group or role. Membership and rules know it by `kind` and `id`. */
export interface Group {
  readonly kind: GroupKind;
  /** `engineering` where it is local, else `<name of the source>/<id there>`; never changes. */
  readonly id: string;
  readonly source: string;
  /** For people; nothing is decided by it. */
  readonly name: string;
  /** What the source calls it. */
  readonly externalId: string | undefined;
  /** Grows with every change of the group or its members. */
  readonly version: number;
  readonly createdMs: number;
  readonly modifiedMs: number;
}

/** What a change does to the members. People of another source are left out, except from a local group. */
export interface MemberChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

export interface GroupStore {
  find(kind: GroupKind, id: string): Promise<Group | undefined>;
  /** Groups of every source with ids after `after` ('' = from the start), by id, at most `limit`. */
  list(kind: GroupKind, after: string, limit: number): Promise<readonly Group[]>;
  /** Ids of members after `after`, in order, at most `limit`. */
  members(kind: GroupKind, id: string, after: string, limit: number): Promise<readonly string[]>;
  /** The same, without those who are switched off. */
  activeMembers(kind: GroupKind, id: string, after: string, limit: number): Promise<readonly string[]>;
  /** How many people are in each of these; what nobody is in is left out. */
  sizes(kind: GroupKind, ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Which of these people are members. */
  among(kind: GroupKind, id: string, people: readonly string[]): Promise<ReadonlySet<string>>;
  /** Throws `StoreConflict` when the id is taken or the source unknown. */
  create(group: Omit<Group, 'version'>, members: readonly string[], records: readonly AuditRow[]): Promise<void>;
  /**
   * Changes name, external id and members of the group that `group` describes, if it still has that version. Resolves
   * false, with nothing done, when it has not, is gone or belongs to another source. Whoever leaves leaves a bulletin.
   */
  update(group: Group, members: MemberChange, records: readonly AuditRow[]): Promise<boolean>;
  /** Removes the group and everybody's membership, under the same condition. Each of them leaves a bulletin. */
  remove(group: Group, records: readonly AuditRow[]): Promise<boolean>;
}

/** A person as a source other than `local` describes them. `people.find` gives the same person as decisions see them. */
export interface Provisioned {
  readonly id: string;
  readonly source: string;
  /** Unique within the source, compared exactly: `userName` in lower case for SCIM, `sub` for an upstream. */
  readonly handle: string;
  readonly externalId: string | undefined;
  /** The address the person is known by here; no two people have one in common. */
  readonly email: string;
  /** Every address, to search by. */
  readonly emails: readonly string[];
  readonly name: string;
  /** Whether the source wants the person active. */
  readonly wantedActive: boolean;
  /** Switched off by an administrator; no source can undo that. */
  readonly blocked: boolean;
  /** What else the source said, as JSON text. */
  readonly attributes: string;
  /** Grows with every change. */
  readonly version: number;
  readonly createdMs: number;
  readonly modifiedMs: number;
}

/** Ids of groups and roles of the same source that the person is to be in, exactly; a kind left out stays as it is. */
export interface OwnMemberships {
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
}

export interface ProvisionedStore {
  find(source: string, id: string): Promise<Provisioned | undefined>;
  findByHandle(source: string, handle: string): Promise<Provisioned | undefined>;
  /** Nobody, should the source use one external id twice: which of them is meant would be a guess. */
  findByExternalId(source: string, externalId: string): Promise<Provisioned | undefined>;
  /** Throws `StoreConflict` when the handle, the address or the id is taken. */
  create(
    person: Omit<Provisioned, 'version'>,
    memberships: OwnMemberships,
    records: readonly AuditRow[],
  ): Promise<void>;
  /**
   * Makes the record what `person` says, if it still has that version; resolves false, with nothing done, when it has
   * not, is gone or belongs to another source. Throws `StoreConflict` as `create` does. Whoever is switched off by it
   * has no sessions and refresh tokens left in the same step (PRV-02). That, a switching on and each lost membership leave a bulletin.
   */
  update(person: Provisioned, memberships: OwnMemberships, records: readonly AuditRow[]): Promise<boolean>;
  /** Removes the person with memberships, sessions and refresh tokens, under the same condition, and leaves a bulletin. */
  remove(person: Provisioned, records: readonly AuditRow[]): Promise<boolean>;
  /** Switches anybody off or on again, whoever owns them, with bulletin: what an administrator switched off no source switches on. */
  block(personId: string, blocked: boolean, records: readonly AuditRow[]): Promise<boolean>;
  /** Which of these are people of the source. */
  known(source: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
}

/** What a SCIM client authenticates with: the SHA-256 of 256 random bits, base64url (KEY-09). It speaks for one source. */
export interface ScimToken {
  /** Names it in lists and on the record. */
  readonly id: string;
  readonly source: string;
  readonly tokenHash: string;
  readonly createdAt: EpochSeconds;
  readonly lastUsedAt: EpochSeconds | undefined;
}

export interface ScimTokenStore {
  findByHash(tokenHash: string): Promise<ScimToken | undefined>;
  /** By source and age. */
  all(): Promise<readonly ScimToken[]>;
  /** Makes it the newest of its source, unless the source has `max` already: then nothing happens and it resolves false. */
  add(token: ScimToken, max: number, records: readonly AuditRow[]): Promise<boolean>;
  used(id: string, now: EpochSeconds): Promise<void>;
  /** Resolves false where there is none. */
  remove(id: string, records: readonly AuditRow[]): Promise<boolean>;
}

/** How far a file was imported, so that an import that was cut short goes on. */
export interface ImportStore {
  position(source: string, digest: string): Promise<number>;
  keepPosition(source: string, digest: string, position: number): Promise<void>;
  /** Forgets it: the file was imported whole. */
  finish(source: string, digest: string): Promise<void>;
}

/** A person is active when their source wants it and no administrator said otherwise. */
export function isActive({ wantedActive, blocked }: Pick<Provisioned, 'wantedActive' | 'blocked'>): Person['active'] {
  return wantedActive && !blocked;
}
