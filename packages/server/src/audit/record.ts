import { createHash } from 'node:crypto';
import type { AuthorizationDetail, EpochSeconds, Refusal, SecurityEventName } from '@credence/mcp/protocol';
import type { Decision, SignInNeeds } from '../policy/model.ts';
import type { AuditRow } from '../store/store.ts';
import { splitRecord } from './split-record.ts';

/** What a record is about. A policy denial is a `decision`; every other refusal at a door is a `refusal`. */
export type RecordKind =
  | 'sign_in'
  | 'sign_out'
  | 'factor'
  | 'decision'
  | 'issuance'
  | 'redemption'
  | 'revocation'
  | 'refusal'
  | 'tool_call'
  | 'policy'
  | 'key'
  | 'directory'
  | 'admin'
  /** Nothing was refused, and somebody should look at it. */
  | 'alert'
  | 'system';

/** Which trust domain speaks: A the identity provider, B the resource side. */
export type RecordDomain = 'idp' | 'ras' | 'gateway' | 'admin' | 'system';

/**
 * What a handler notes while it works. Names of people, e-mail addresses, tokens and secrets have no place here (LOG-01,
 * LOG-02): a person is their id, a token its `jti`.
 */
export interface Facts {
  /** Trace id that the caller sent (W3C `traceparent`); joins what belongs together. */
  readonly correlation?: string;
  readonly client?: string;
  readonly person?: string;
  /** The administrator who did it to that person. */
  readonly by?: string;
  /** The break-glass account was used, or somebody tried. */
  readonly breakGlass?: true;
  /** Subject of a foreign issuer, at the RAS. */
  readonly issuer?: string;
  readonly subject?: string;
  /** Switches of the issuer without which this would have been refused, or would have used up the ID-JAG (`replay`). */
  readonly loosened?: readonly string[];
  /** Switches of the client without which this would have been refused, or would have used up its token (`workload.reuse`). */
  readonly clientLoosened?: readonly string[];
  /** Came encrypted. */
  readonly encrypted?: boolean;
  /** Tenant of that issuer, where it has several. */
  readonly tenant?: string;
  /** How the account was found; absent when it was made for this redemption. */
  readonly accountBy?: 'subject' | 'email' | 'aud_sub';
  readonly audience?: string;
  readonly resource?: string;
  readonly server?: string;
  readonly scopesAsked?: readonly string[];
  /** Scopes of the ID-JAG that was redeemed: the ceiling of what could be granted. */
  readonly scopesClaimed?: readonly string[];
  /** How many scopes were asked for that the server does not have; their names stay outside. */
  readonly unknownScopes?: number;
  readonly scopesGranted?: readonly string[];
  /** Types of the authorization details; what they say may be personal and is named by its hash (LOG-02). */
  readonly detailsAsked?: readonly string[];
  readonly detailsGranted?: readonly string[];
  readonly detailsHash?: string;
  /** The version that decided; with `inputs` enough to decide again. */
  readonly policy?: { readonly kind: 'access' | 'resource'; readonly version: number };
  readonly inputs?: DecisionInputs;
  readonly decision?: {
    readonly effect: Decision['effect'];
    readonly because: readonly string[];
    readonly needs?: SignInNeeds;
  };
  /** Scopes that were withheld because they must never come together with what the session has. */
  readonly keptApart?: readonly string[];
  /** Scopes that the rules allowed and the decision point outside did not. */
  readonly withheldOutside?: readonly string[];
  /** What would have been decided if the rules that only report counted; there where it is something else. */
  readonly trial?: {
    readonly effect: Decision['effect'];
    readonly scopes: readonly string[];
    readonly because: readonly string[];
    readonly details?: readonly string[];
    readonly needs?: SignInNeeds;
  };
  /** `jti` of the ID-JAG issued or redeemed. */
  readonly idJag?: string;
  /** Something of our own was shown that no line says was ever given out (T13). */
  readonly orphan?: 'id_jag' | 'access_token';
  /** `jti` of the access token issued or shown. */
  readonly accessToken?: string;
  /** `sid` of the sign-in that it rests on, as whoever signed the person in calls it. */
  readonly session?: string;
  /** Identity provider of the organisation, by its name in the configuration. */
  readonly upstream?: string;
  readonly method?: string;
  readonly tool?: string;
  /** SHA-256 of the tool's definition as the upstream listed it, base64url; `null` when it was never listed. */
  readonly toolHash?: string | null;
  /** What became of a tool call that was let through. */
  readonly status?: number;
  readonly grantType?: string;
  readonly acr?: string;
  readonly amr?: readonly string[];
  /** The second factor that was enrolled, changed, removed or used. */
  readonly factor?: { readonly kind: 'totp' | 'passkey' | 'recovery_code' | 'enrolment_code'; readonly id?: string };
  /** Thumbprint of the key that a DPoP proof was made with (RFC 7638). */
  readonly keyThumbprint?: string;
  /** SHA-256 of the client certificate that was shown and counted (`x5t#S256`, RFC 8705 §3.1). */
  readonly certificateThumbprint?: string;
  /** Who owns the records of the directory that were changed, and the id of the credential that did it. */
  readonly source?: string;
  readonly credential?: string;
  /** A group of the directory, and ids of people who joined and left it. */
  readonly group?: string;
  readonly joined?: readonly string[];
  readonly left?: readonly string[];
  /** Names of attributes that changed; never their values. */
  readonly changed?: readonly string[];
  /**
   * A security event: its name, its `jti`, when it happened by its issuer's clock, and, of one received, whether it
   * changed anything here.
   */
  readonly signal?: {
    readonly event: SecurityEventName | 'other';
    readonly id: string;
    readonly at: EpochSeconds;
    readonly effective?: boolean;
  };
  /** What somebody who administers has changed, before and after: ids and switches, nothing that is personal (LOG-02). */
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
  readonly detail?: string;
}

/** What {@link Decision} depended on beyond the version (design.md §4.7). */
export interface DecisionInputs {
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly acr: string | undefined;
  readonly amr: readonly string[];
  readonly authTime: EpochSeconds | undefined;
  readonly now: EpochSeconds;
  /** Of a distributed client: whether it showed a key bound at sign-in. */
  readonly keyBound?: boolean;
  /** What the session held of what must not come together; there where a rule says so of this server and client. */
  readonly held?: readonly string[];
}

/**
 * One line of the record. `id` is the decision id that a refused caller is told. Version 2 keeps what is personal apart from
 * the rest (see `personal.ts`); lines of version 1, of before that, stay as they are.
 */
export interface AuditRecord extends Facts {
  readonly v: 2;
  readonly id: string;
  readonly kind: RecordKind;
  readonly domain: RecordDomain;
  readonly timeMs: number;
  readonly outcome: 'allowed' | 'refused';
  readonly reason?: Refusal;
  /** Network address of the caller, as far as configured proxies are trusted. */
  readonly address?: string;
}

/** What goes on the record of details that were granted. */
export function toDetailFacts(details: readonly AuthorizationDetail[]): Facts {
  const detailsHash = `sha256:${createHash('sha256').update(JSON.stringify(details)).digest('base64url')}`;
  return { detailsGranted: details.map(({ type }) => type), detailsHash };
}

/** The record as the store keeps it. */
export function toRow(record: AuditRecord): AuditRow {
  return {
    id: record.id,
    kind: record.kind,
    timeMs: record.timeMs,
    ...splitRecord(record),
    said: record,
    person: record.person ?? record.subject,
    client: record.client,
    server: record.server,
    idJag: record.idJag,
    accessToken: record.accessToken,
  };
}
