import { dirname, resolve } from 'node:path';
import type { EncryptionAlgorithm, SignatureAlgorithm } from '@credence/mcp/protocol';
import type { z } from 'zod';
import { checkMetrics, checkTogether } from './config-check.ts';
import { ConfigFile, type KeyPurpose, PlacesFile, type Role } from './config-schema.ts';
import { readConfigFile, type ServeFlags, toProblem, withFlags } from './config-text.ts';
import { type ExportSettings, locateExports } from './exports-config.ts';
import type { KeyFolders } from './home.ts';
import type { LogSettings } from './log.ts';
import { Problem } from './problem.ts';
import { type PostgresSettings, toPostgresSettings } from './store-config.ts';
import { locateSecrets, type SignInConfig } from './upstream-config.ts';

/** What it takes to follow the RAS's stream of revocations. */
export interface GatewayRevocations {
  /** Files with the secret of `server:<id>`, by the id of the server. */
  readonly secretFiles: Readonly<Record<string, string>>;
  readonly deafSeconds: number;
  readonly whenDeaf: 'refuse' | 'accept';
}

/** What the process runs with: read once, complete, consistent. Paths are absolute. */
export interface Config {
  readonly organisation: string;
  readonly roles: ReadonlySet<Role>;
  readonly host: string;
  /** Processes that answer; more than one leave the writing to another. */
  readonly workers: number;
  readonly demo: boolean;
  /** Grants a second, of one client that has proven who it is, and of one network without credentials. */
  readonly limits: { readonly clientPerSecond: number; readonly networkPerSecond: number };
  readonly idp: {
    readonly issuer: string;
    readonly port: number;
    readonly idTokenSeconds: number;
    readonly idJagSeconds: number;
    readonly sessionSeconds: number;
    readonly sessionIdleSeconds: number | undefined;
    readonly burst: number;
    readonly badSubjectToken: 'invalid_grant' | 'invalid_request';
  };
  readonly ras: {
    readonly issuer: string;
    readonly port: number;
    readonly accessTokenSeconds: number;
    readonly maxIdJagSeconds: number;
  };
  readonly admin: { readonly url: string; readonly port: number };
  /** Where what is measured can be read; absent: nothing is measured. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /** The identity providers of the organisation, by name. */
  readonly signIn: SignInConfig;
  /** Files with the bearer tokens that authorization servers want to see with security events, by issuer. */
  readonly signalTokenFiles: Readonly<Record<string, string>>;
  /** `undefined` = the record is kept for ever. */
  readonly retention: { readonly auditDays: number | undefined };
  /** Where the record goes besides the store. */
  readonly exports: readonly ExportSettings[];
  readonly skewSeconds: number;
  readonly log: LogSettings & { readonly requests: boolean };
  /** For so long after it was told to stop /readyz says no while everything is still answered. */
  readonly drainSeconds: number;
  /** Whether DPoP proofs must carry a nonce of ours (RFC 9449 §8). */
  readonly dpop: { readonly nonce: boolean };
  readonly documents: { readonly access: string; readonly resource: string };
  readonly tls: 'development' | { readonly key: string; readonly cert: string } | undefined;
  readonly trustedHops: readonly string[];
  /** Absent: clients are asked for no certificates. */
  readonly clientCertificates: { readonly ca: readonly string[]; readonly header: string | undefined } | undefined;
  readonly egress: { readonly internalRanges: readonly string[]; readonly ca: readonly string[] };
  /** Asked after the rules have allowed something. */
  readonly decisionPoint:
    | {
        readonly url: string;
        readonly tokenFile: string | undefined;
        readonly timeoutMs: number;
      }
    | undefined;
  readonly gatewayPath: readonly string[];
  /** Private folders of stdio upstreams; the home's own when not configured. */
  readonly gatewayData: string | undefined;
  /** The identity provider at `idp.issuer` is another process on this store, and explains refused calls. */
  readonly gatewayExplains: boolean;
  /** How a gateway apart from the RAS hears who is cut off; absent: it does not. */
  readonly gatewayRevocations: GatewayRevocations | undefined;
  readonly audit: {
    readonly sealSeconds: number;
    readonly witness:
      | {
          readonly file: string | undefined;
          readonly url: string | undefined;
          readonly tokenFile: string | undefined;
        }
      | undefined;
  };
  /** `undefined` = an SQLite file in the home. */
  readonly store: PostgresSettings | undefined;
  readonly keys: {
    /** The home's own when not configured. */
    readonly folder: string | undefined;
    /** Of the key that seals the record; that of the others when not configured. */
    readonly auditFolder: string | undefined;
    /** Of the secret that covers the store; that of the keys when not configured. */
    readonly digestFolder: string | undefined;
    readonly sealKeyFile: string | undefined;
    readonly rotateAfterDays: number;
    readonly publishWaitSeconds: number;
    readonly pkcs11:
      | {
          readonly module: string;
          readonly token: string;
          readonly pinFile: string;
          readonly driver: string | undefined;
          readonly labels: Readonly<Partial<Record<KeyPurpose, string>>>;
        }
      | undefined;
    readonly algorithms: Readonly<Record<KeyPurpose, SignatureAlgorithm | EncryptionAlgorithm>>;
  };
}

/**
 * Reads the configuration file and lays the flags over it. Every problem is reported at once, with the path of the value
 * and what is allowed.
 * @param defaultFile - read if it is there; a file named by --config must be
 */
export async function readConfig(flags: ServeFlags, defaultFile: string): Promise<Config> {
  const file = resolve(flags.config ?? defaultFile);
  const raw = await readConfigFile(file, flags.config !== undefined);
  const parsed = ConfigFile.safeParse(withFlags(raw, flags));
  if (!parsed.success) throw toProblem(parsed.error, file);
  const value = parsed.data;

  const scheme = value.tls === undefined ? 'http' : 'https';
  const at = (path: string) => resolve(dirname(file), path);
  const config: Config = {
    ...value,
    organisation: value.organisation ?? (flags.demo ? 'Acme' : 'your organisation'),
    roles: new Set(value.roles),
    demo: flags.demo === true,
    idp: {
      ...value.idp,
      issuer: value.idp.issuer ?? `${scheme}://localhost:${value.idp.port}`,
      sessionIdleSeconds: value.idp.sessionIdleSeconds,
    },
    ras: { ...value.ras, issuer: value.ras.issuer ?? `${scheme}://localhost:${value.ras.port}` },
    admin: { ...value.admin, url: value.admin.url ?? `${scheme}://localhost:${value.admin.port}` },
    exports: locateExports(value.exports, at),
    metrics: value.metrics,
    retention: {
      auditDays: value.retention.audit === undefined ? undefined : Number.parseInt(value.retention.audit, 10),
    },
    signIn: locateSecrets(value.sign_in, at),
    signalTokenFiles: Object.fromEntries(
      Object.entries(value.signals.tokenFiles).map(([issuer, file]) => [issuer, at(file)]),
    ),
    documents: { access: at(value.documents.access), resource: at(value.documents.resource) },
    tls: typeof value.tls === 'object' ? { key: at(value.tls.key), cert: at(value.tls.cert) } : value.tls,
    trustedHops: value.proxy.trusted,
    decisionPoint: value.decisionPoint && {
      url: value.decisionPoint.url,
      tokenFile: value.decisionPoint.tokenFile && at(value.decisionPoint.tokenFile),
      timeoutMs: value.decisionPoint.timeoutMs,
    },
    clientCertificates: value.clientCertificates && {
      ca: value.clientCertificates.ca.map(at),
      header: value.clientCertificates.header,
    },
    egress: { ...value.egress, ca: value.egress.ca.map(at) },
    gatewayPath: value.gateway.path.map(at),
    gatewayData: value.gateway.data && at(value.gateway.data),
    gatewayExplains: value.gateway.explains,
    gatewayRevocations: value.gateway.revocations && {
      ...value.gateway.revocations,
      secretFiles: Object.fromEntries(
        Object.entries(value.gateway.revocations.secretFiles).map(([server, file]) => [server, at(file)]),
      ),
    },
    store: value.store && toPostgresSettings(value.store, at),
    audit: {
      sealSeconds: value.audit.sealSeconds,
      witness: value.audit.witness && {
        file: value.audit.witness.file && at(value.audit.witness.file),
        url: value.audit.witness.url,
        tokenFile: value.audit.witness.tokenFile && at(value.audit.witness.tokenFile),
      },
    },
    keys: {
      ...toKeyFolders(value.keys, at),
      sealKeyFile: value.keys.sealKeyFile && at(value.keys.sealKeyFile),
      rotateAfterDays: value.keys.rotateAfterDays,
      publishWaitSeconds: value.keys.publishWaitSeconds,
      pkcs11: toPkcs11(value.keys.pkcs11, at),
      algorithms: {
        id_token: value.keys.idToken,
        id_jag: value.keys.idJag,
        access_token: value.keys.accessToken,
        id_jag_encryption: value.keys.idJagEncryption,
        security_event: value.keys.securityEvent,
        revocation: value.keys.revocation,
        audit: value.keys.audit,
      },
    },
  };
  const problems = [...checkTogether(config), ...checkMetrics(value.metrics)];
  if (problems.length > 0) throw new Problem(problems.join('\n'), `Change ${file} or the flags.`);
  return config;
}

/** Where store and keys of an installation are. */
export interface Places {
  /** `undefined` = an SQLite file in the home. */
  readonly store: PostgresSettings | undefined;
  readonly keyFolders: KeyFolders;
}

/** Where the configuration says that they are, whatever else is in it: commands beside a server need no more. */
export async function readPlaces(configFile: string | undefined, defaultFile: string): Promise<Places> {
  const file = resolve(configFile ?? defaultFile);
  const { store, keys } = await readConfigFile(file, configFile !== undefined);
  const parsed = PlacesFile.safeParse({ store, keys });
  if (!parsed.success) throw toProblem(parsed.error, file);
  const at = (path: string) => resolve(dirname(file), path);
  const { data } = parsed;
  return {
    store: data.store && toPostgresSettings(data.store, at),
    keyFolders: toKeyFolders(data.keys ?? {}, at),
  };
}

function toKeyFolders({ folder, auditFolder, digestFolder }: KeyFolders, at: (path: string) => string) {
  return {
    folder: folder && at(folder),
    auditFolder: auditFolder && at(auditFolder),
    digestFolder: digestFolder && at(digestFolder),
  };
}

function toPkcs11(
  entry: z.output<typeof ConfigFile>['keys']['pkcs11'],
  at: (path: string) => string,
): Config['keys']['pkcs11'] {
  if (!entry) return undefined;
  const { idToken, idJag, accessToken, securityEvent, revocation, audit } = entry.labels;
  return {
    module: at(entry.module),
    token: entry.token,
    pinFile: at(entry.pinFile),
    driver: entry.driver && at(entry.driver),
    labels: {
      ...(idToken && { id_token: idToken }),
      ...(idJag && { id_jag: idJag }),
      ...(accessToken && { access_token: accessToken }),
      ...(securityEvent && { security_event: securityEvent }),
      ...(revocation && { revocation }),
      ...(audit && { audit }),
    },
  };
}
