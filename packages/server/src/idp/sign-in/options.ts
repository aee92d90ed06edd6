import type { IncomingMessage } from 'node:http';
import type { EpochSeconds, Jwk, Refusal } from '@credence/mcp/protocol';
import type { Facts } from '../../audit/record.ts';
import type { CertificateReader } from '../../clients/client-certificate.ts';
import type { DpopNonces } from '../../clients/dpop.ts';
import type { RemoteClients } from '../../clients/remote-clients.ts';
import type { LinkOptions } from '../../directory/upstream/link.ts';
import type { Egress } from '../../egress.ts';
import type { Origins } from '../../in-force.ts';
import type { PrivateJwk, Signer } from '../../keys/signer.ts';
import type { FailureLimit, Pace, SharedCounts } from '../../limits.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import type { AccessClient, FirstFactor } from '../../policy/model.ts';
import type { Reach } from '../../policy/reach.ts';
import type { AuditRow, Person, Store } from '../../store/store.ts';
import type { UpstreamOptions } from './upstream/options.ts';

/** What the sign-in works with. Functions are asked anew for every request: nothing here goes stale. */
export interface SignInOptions {
  /** A root origin; https, or http on loopback. */
  readonly issuer: string;
  /** What people call the organisation. */
  readonly organisation: string;
  readonly store: Store;
  /** By what they are called in a request. */
  readonly clients: () => Pick<ReadonlyMap<string, AccessClient>, 'get'>;
  /** Fills in what is fetched of a client. */
  readonly complete: RemoteClients['complete'];
  /** SHA-256 of each live secret of a client at the IdP, base64url. */
  readonly secretHashes: (clientId: string) => readonly string[];
  /** Keys for ID Tokens and nothing else, the signing one first: its algorithm is what clients get. Read when the provider is built: see `rebuild`. */
  readonly idTokenKeys: () => readonly PrivateJwk[];
  /** Signs with a key that is in a token. */
  readonly signerOf?: (jwk: PrivateJwk) => Signer;
  /** Everything the issuer publishes at `/jwks`, ID-JAG keys included. */
  readonly publicKeys: () => readonly Jwk[];
  /** Types of authorization details that the token exchange knows, for the metadata. */
  readonly detailTypes: () => readonly string[];
  /** Sign cookies and forms; the first makes new ones. */
  readonly cookieKeys: readonly string[];
  /** Where the admin listener takes people back; `undefined` = there is none. */
  readonly consoleReturn?: string | undefined;
  /** 1 h unless configured; never above 12 h. */
  readonly idTokenSeconds: number;
  /** How long one sign-in lasts, whatever happens meanwhile. */
  readonly sessionSeconds: number;
  /** Without a browser using it for so long it ends; `undefined` = no such limit. */
  readonly sessionIdleSeconds: number | undefined;
  readonly skewSeconds: number;
  /** What works once counts only when it was issued after this second (T21). */
  readonly since: () => EpochSeconds;
  /** Demanded of DPoP proofs, as at the token exchange; `undefined` where none is. */
  readonly dpopNonces: DpopNonces | undefined;
  /** Failed client authentications; the token exchange counts into the same. */
  readonly failures: FailureLimit;
  /** What one network asks for without credentials; the token exchange counts into the same. */
  readonly strangers: Pace;
  /** One person's grants, through whichever clients, of the token exchange and of refresh tokens (IDP-38). */
  readonly pace: Pace;
  /** Counts of the other workers of this installation, where there are several. */
  readonly shared?: SharedCounts | undefined;
  readonly addressOf: (incoming: IncomingMessage) => string;
  /** The certificate a client showed; absent where none is looked for. */
  readonly certificateOf?: CertificateReader | undefined;
  /** Makes the record durable and resolves to its id, the reference that a refused person is shown. */
  readonly note: (note: SignInNote) => Promise<string>;
  /** The lines for a change of the directory that a sign-in brings, to be written in one step with it. */
  readonly directoryRows: LinkOptions['records'];
  /** The identity providers of the organisation; `undefined` = people sign in with passwords of this server. */
  readonly upstreams: UpstreamOptions | undefined;
  /** Tells clients that a session has ended, through the one way out. */
  readonly fetch: Egress['fetch'];
  /**
   * The same for a line that is written in one step with a change, as to what a person signs in with: `write` is handed it.
   * Resolves to what `write` does; false = nothing was changed, and the line is not on the record either.
   */
  readonly inOneStep: <T>(note: SignInNote, write: (row: AuditRow) => Promise<T>) => Promise<T>;
  /** Closes the secrets of authenticator apps; its key is not in the store (T25). */
  readonly factorSeal: { close(plain: string): string; open(sealed: string): string };
  /** What it takes to enrol a first factor, by the policy in force. */
  readonly firstFactor: () => FirstFactor;
  /** Makes pairwise subjects, as in ID-JAGs. */
  readonly subjectSecret: string;
  /** What any client may be given in a person's name, by the policy in force. */
  readonly reachOf: (person: Person) => readonly Reach[];
  /** The access document in force, and what fills in `local` in it. */
  readonly access: () => AccessIndex;
  readonly origins: Origins;
  readonly now: () => EpochSeconds;
  /** Tells the operator about a fault; never sees a request body. */
  readonly onFault: (fault: unknown) => void;
}

/** A record about to be written. */
export interface SignInNote {
  readonly kind: 'sign_in' | 'sign_out' | 'refusal' | 'factor' | 'admin' | 'alert';
  readonly outcome: 'allowed' | 'refused';
  readonly reason?: Refusal;
  readonly address: string;
  /** False when nobody has proven who they are: such refusals may be counted in bulk (T27). */
  readonly known: boolean;
  readonly facts: Facts;
}
