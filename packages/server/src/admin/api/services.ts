import type { EpochSeconds, Jwk } from '@credence/mcp/protocol';
import type { Facts } from '../../audit/record.ts';
import type { RefusalLedger } from '../../audit/refusal-ledger.ts';
import type { KeyPurpose } from '../../config-schema.ts';
import type { Egress } from '../../egress.ts';
import type { ExportSettings } from '../../exports-config.ts';
import type { KeyLine } from '../../keys/key-words.ts';
import type { FailureLimit } from '../../limits.ts';
import type { AccessIndex, ResourceIndex } from '../../policy/compile.ts';
import type { AuditRow, Store } from '../../store/store.ts';
import type { SignInConfig } from '../../upstream-config.ts';
import type { LiveStreams } from '../live.ts';

/** What the resources of the admin API work with. */
export interface AdminServices {
  readonly store: Store;
  readonly nowMs: () => number;
  readonly now: () => EpochSeconds;
  readonly ledger: RefusalLedger;
  readonly failures: FailureLimit;
  readonly onFault: (fault: unknown) => void;
  /** The line of something that somebody should look at. */
  readonly alert: (facts: Facts, address: string) => AuditRow;
  readonly installation: Installation;
  readonly live: LiveStreams;
  /** The guarded way out. */
  readonly egress: Pick<Egress, 'getJson'>;
  /** What is in force; `undefined` where this installation does not serve that side. */
  readonly access: () => AccessIndex | undefined;
  readonly resource: () => ResourceIndex | undefined;
  /** Whether somebody is stopped: then they administer nothing either. */
  readonly isStopped: (personId: string) => boolean;
  /** Takes up at once what was changed here; other processes see it within half a second. */
  readonly refresh: () => Promise<void>;
  /** Keys of every purpose, as this process finds them. */
  readonly keys: (now: EpochSeconds) => Promise<readonly (KeyLine & { readonly purpose: KeyPurpose })[]>;
  /** What the configuration says of the record. */
  readonly record: RecordServices;
  /** Identity providers that people sign in at, by name. */
  readonly upstreams: SignInConfig['upstream'];
}

export interface RecordServices {
  /** Public keys that sign checkpoints, as this process finds them. */
  readonly keys: () => Promise<readonly Jwk[]>;
  /** Those who are handed the checkpoints, by the names that the store knows them by. */
  readonly witnesses: readonly string[];
  readonly exports: readonly ExportSettings[];
  /** `undefined` = for ever. */
  readonly keptDays: number | undefined;
}

/** What runs here. */
export interface Installation {
  readonly organisation: string;
  readonly roles: readonly string[];
  readonly admin: string;
  readonly idp: string;
  readonly ras: string;
  /** Its passwords lie in a file, and administrators get in without a second factor. */
  readonly demo: boolean;
}
