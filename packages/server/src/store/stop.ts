import { cutReachSeconds, type EpochSeconds } from '@credence/mcp/protocol';
import type { AuditRow } from './store.ts';

/** What can be stopped. */
export const stopKinds = [
  'person',
  'client',
  'server',
  'rule',
  'session',
  'token',
  'issuer',
  'key',
  'everything',
] as const;
export type StopKind = (typeof stopKinds)[number];

/** Where one part of a stop takes effect, and on what. */
export interface Hit {
  /** Here, on one side; or at the authorization servers that are told. */
  readonly at: 'idp' | 'ras' | 'told';
  readonly what:
    | 'person'
    | 'account'
    | 'client'
    | 'server'
    | 'rule'
    | 'session'
    | 'id_jag'
    | 'issuer'
    | 'key'
    | 'everything';
  /** As requests and tokens have it: a client id, a resource at a RAS, the mark of an issuer or key (see `lineage.ts`). */
  readonly value: string;
  /** Only what descends from the issuer with this mark. */
  readonly from?: string;
  /** Nothing is refused from now on; what was issued until then is worth nothing. */
  readonly cut?: true;
  /** Whom to tell, by its issuer; absent = all. */
  readonly ras?: string;
}

/** The end of a stop. What was issued before it stays worthless. */
export interface Resumption {
  readonly at: EpochSeconds;
  readonly by: string;
  readonly reason: string;
  /** ID-JAGs and ID Tokens up to this second of their issuer are refused. */
  readonly grantsBefore: EpochSeconds;
  /** Access tokens up to this second of ours hold no more. */
  readonly tokensBefore: EpochSeconds;
  /** After this there is nothing left that it concerns. */
  readonly until: EpochSeconds;
}

/** A stop, standing until it is resumed. */
export interface Stop {
  readonly id: string;
  readonly kind: StopKind;
  /** What was stopped, as people call it. */
  readonly target: string;
  readonly hits: readonly Hit[];
  /** Of the person of the directory that is stopped. */
  readonly personId?: string | undefined;
  /** The issuer that said so, by a security event; `undefined` = it was ordered here. */
  readonly origin?: string | undefined;
  readonly reason: string;
  readonly by: string;
  readonly at: EpochSeconds;
  /** When it ends by itself. Whoever judges goes by {@link resumed}, and not by a clock. */
  readonly endsAt?: EpochSeconds | undefined;
  readonly resumed?: Resumption | undefined;
  /** The number of the change that made it so. */
  readonly position: number;
}

/** A stop stands, or is over and leaves behind that what is older is worth nothing. */
export interface Standing {
  readonly stands: boolean;
  /** What was issued up to this second, by the clock of its issuer, is dead, also when nothing stands; 0 = nothing is. */
  readonly grantsBefore: EpochSeconds;
  /** The same of access tokens, by our own. */
  readonly tokensBefore: EpochSeconds;
}

/**
 * Up to which second what is older is dead, of an order that was given at a time: the second may turn before it is durable. Whoever
 * loses what is newer trades it again.
 */
export function cutAt(at: EpochSeconds): EpochSeconds {
  return at + cutReachSeconds;
}

/** What a stop does to one thing that it is about. */
export function standingOf({ at, resumed }: Pick<Stop, 'at' | 'resumed'>, { cut }: Pick<Hit, 'cut'>): Standing {
  if (cut) return { stands: false, grantsBefore: cutAt(at), tokensBefore: cutAt(at) };
  if (!resumed) return { stands: true, grantsBefore: 0, tokensBefore: 0 };
  return { stands: false, grantsBefore: resumed.grantsBefore, tokensBefore: resumed.tokensBefore };
}

/** The longest life of an access token that the configuration allows, with twice the most skew. */
export function untilOf(at: EpochSeconds): EpochSeconds {
  return at + 3600 + 120;
}

/** What ends together with a stop, in its durable step. */
export interface Ends {
  /** Everything this person has here; authorization servers are told that the account is disabled. */
  readonly person?: string;
  /** Refresh tokens and codes of one client, or of all; whoever had one is told of as signed out. */
  readonly agents?: { readonly client: string | undefined };
  /** Whoever documents call so (`group:engineering`, `everyone`) is told of as signed out, and loses nothing here. */
  readonly members?: readonly string[];
}

/** Stops. Each change moves the change sequence and the loss sequence in its own step (T19). */
export interface StopStore {
  add(stop: Omit<Stop, 'position'>, ends: Ends, records: readonly AuditRow[]): Promise<void>;
  /** Resolves false, and nothing happens, when it does not stand. */
  resume(id: string, resumption: Resumption, records: readonly AuditRow[]): Promise<boolean>;
  /** Takes what an issuer says. Resolves false when it was taken before; one that is over stays over. */
  take(
    signal: { readonly id: string; readonly until: EpochSeconds },
    stop: Omit<Stop, 'position'>,
    records: readonly AuditRow[],
  ): Promise<boolean>;
  find(id: string): Promise<Stop | undefined>;
  /** Every stop of this person of the directory that is still known: those that stand, and those that ended in the last 30 days. */
  ofPerson(personId: string): Promise<readonly Stop[]>;
  /** All that stand, and those that are over and may still concern something. */
  inForce(now: EpochSeconds): Promise<readonly Stop[]>;
  /** Of those, what changed after a position, oldest change first. */
  changed(after: number, now: EpochSeconds, limit: number): Promise<readonly Stop[]>;
  /** Those whose time is over; without `people`, only those that end no stop of a person. */
  due(now: EpochSeconds, which: { readonly people: boolean }): Promise<readonly Stop[]>;
  /** The newest first; with `over` also those that are over. */
  list(which: { readonly over: boolean; readonly limit: number }): Promise<readonly Stop[]>;
  /** How many people had agents through this client, at these servers, since then. */
  agents(which: {
    readonly client?: string | undefined;
    readonly servers?: readonly string[] | undefined;
    readonly sinceMs: number;
  }): Promise<number>;
  /** Whether there is an account of this id. */
  hasAccount(id: string): Promise<boolean>;
  /** How many accounts there are, of one issuer or of all. */
  accounts(issuer?: string): Promise<number>;
  /** Forgets what is long over. */
  purge(now: EpochSeconds): Promise<void>;
  /** Those ordered here, for whoever tells authorization servers of them. */
  readonly shelf: Shelf<Stop>;
}

/** Something with positions, and readers of it that each have a durable place. */
export interface Shelf<T extends { readonly position: number }> {
  /** After a position, oldest first, at most `limit`. What has become durable later has a later position. */
  after(position: number, limit: number): Promise<readonly T[]>;
  /** How far each reader has come. */
  readers(): Promise<ReadonlyMap<string, number>>;
  /** Makes a reader; one that is there stays where it is. Resolves to its place. */
  begin(reader: string, since: EpochSeconds): Promise<number>;
  /** The reader has dealt with everything up to here; `records` say how, in the same step. Nobody moves back. */
  advance(reader: string, position: number, records: readonly AuditRow[]): Promise<void>;
  /** For whom nobody reads any more. */
  forget(reader: string): Promise<void>;
}
