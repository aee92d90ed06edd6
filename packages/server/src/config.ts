import { readFile } from 'node:fs/promises';
import { BlockList, isIP } from 'node:net';
import { dirname, resolve } from 'node:path';
import {
  type EncryptionAlgorithm,
  encryptionAlgorithms,
  type SignatureAlgorithm,
  signatureAlgorithms,
} from '@credence/mcp/protocol';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { type ExportSettings, ExportsSection, isPostedTo, locateExports } from './exports-config.ts';
import type { KeyFolders } from './home.ts';
import { type LogSettings, logFormats, logLevels } from './log.ts';
import { Problem } from './problem.ts';
import { type PostgresSettings, StoreSection, toPostgresSettings } from './store-config.ts';
import { locateSecrets, SignInConfig } from './upstream-config.ts';

/** The parts of Credence one process can play. */
export const roles = ['idp', 'ras', 'gateway', 'admin'] as const;
export type Role = (typeof roles)[number];

/** One key, one algorithm, one purpose (KEY-01). */
export const keyPurposes = [
  'id_token',
  'id_jag',
  'access_token',
  'id_jag_encryption',
  'security_event',
  'revocation',
  'audit',
] as const;
export type KeyPurpose = (typeof keyPurposes)[number];

/** How long an answer of `/jwks` may be kept (its `max-age`). */
const jwksMaxAgeSeconds = 300;

const role = z.enum(roles, {
  error: ({ input }) => `${JSON.stringify(input)} is not a role; one of ${roles.join(', ')}`,
});

const label = z.string().regex(/^[\x21-\x7e]{1,64}$/, 'must be 1 to 64 visible ASCII characters');

const port = z.int().min(0).max(65535);

/** Root origins only: a path in an issuer would have to be inserted into well-known URLs, and clients disagree how. */
const origin = z
  .string()
  .refine((text) => URL.canParse(text) && new URL(text).origin === text, {
    error: 'must be an origin such as https://id.acme.example: no path, no trailing slash, no default port',
  })
  .refine((text) => !URL.canParse(text) || ['https:', 'http:'].includes(new URL(text).protocol), {
    error: 'must be https, or http on localhost',
  });

const cidr = z
  .string()
  .refine((text) => isCidr(text), { error: 'must be an address or a CIDR range such as 10.0.0.0/8' });

/** The file `credence.yaml` in the home, or the one named by --config. Everything is optional; unknown keys are refused. */
const ConfigFile = z.strictObject({
  organisation: z.string().min(1).max(80).optional(),
  roles: z
    .array(role)
    .min(1)
    .default([...roles]),
  host: z.string().min(1).default('localhost'),
  workers: z.int('must be a whole number').min(1, '1 to 64').max(64, '1 to 64').default(1),
  idp: z
    .strictObject({
      issuer: origin.optional(),
      port: port.default(4000),
      idTokenSeconds: z.int().min(300).max(43_200).default(3600),
      idJagSeconds: z.int().min(30).max(600).default(300),
      /** Exchanges one person's agents may make at once; two a second after that. */
      burst: z.int().min(10).max(1_000_000).default(60),
      /** What clients are told of a bad subject token: invalid_request is what RFC 8693 §2.2.2 demands. */
      badSubjectToken: z
        .enum(['invalid_grant', 'invalid_request'], 'must be invalid_grant or invalid_request')
        .default('invalid_grant'),
      sessionSeconds: z.int().min(300).max(86_400).default(43_200),
      /** Without a browser using it for so long a session ends; agents at work do not count. */
      sessionIdleSeconds: z.int().min(60).max(86_400).optional(),
    })
    .prefault({}),
  ras: z
    .strictObject({
      issuer: origin.optional(),
      port: port.default(4001),
      accessTokenSeconds: z.int().min(60).max(3600).default(600),
      maxIdJagSeconds: z.int().min(30).max(600).default(600),
    })
    .prefault({}),
  admin: z.strictObject({ url: origin.optional(), port: port.default(4002) }).prefault({}),
  store: StoreSection.optional(),
  exports: ExportsSection,
  retention: z
    .strictObject({
      /** How long lines of the record are kept at least, such as 400d. */
      audit: z
        .string()
        .regex(/^\d{1,5}d$/, 'must be a number of days, such as 400d')
        .refine((text) => Number.parseInt(text, 10) >= 30, 'must be 30d or more')
        .optional(),
    })
    .prefault({}),
  sign_in: SignInConfig.prefault({}),
  signals: z
    .strictObject({
      /** By issuer of an authorization server: file with the bearer token it wants to see with security events. */
      tokenFiles: z
        .record(
          z.string().refine((text) => URL.canParse(text), 'must be an issuer'),
          z.string(),
        )
        .default({}),
    })
    .prefault({}),
  skewSeconds: z.int().min(0).max(60).default(30),
  documents: z
    .strictObject({ access: z.string().default('access.yaml'), resource: z.string().default('resource.yaml') })
    .prefault({}),
  tls: z
    .union([z.literal('development'), z.strictObject({ key: z.string(), cert: z.string() })], {
      error: "must be 'development' or { key: FILE, cert: FILE }",
    })
    .optional(),
  clientCertificates: z
    .strictObject({
      /** Authorities of client certificates. */
      ca: z.array(z.string()).min(1, 'must name at least one file'),
      /** Header in which a trusted proxy passes the certificate of its caller on, such as Client-Cert (RFC 9440). */
      header: z
        .string()
        .regex(/^[A-Za-z0-9-]+$/, 'must be the name of a header')
        .toLowerCase()
        .optional(),
    })
    .optional(),
  decisionPoint: z
    .strictObject({
      /** Its Access Evaluations endpoint (AuthZEN). */
      url: z
        .string()
        .refine(isPostedTo, 'must be an https URL without credentials or fragment (http on localhost only)'),
      /** File with the token that it knows us by. */
      tokenFile: z.string().min(1).optional(),
      timeoutMs: z.int().min(10).max(2000).default(200),
    })
    .optional(),
  proxy: z.strictObject({ trusted: z.array(cidr).default([]) }).prefault({}),
  egress: z
    .strictObject({ internalRanges: z.array(cidr).default([]), ca: z.array(z.string()).default([]) })
    .prefault({}),
  keys: z
    .strictObject({
      /** Where keys and secrets are, where several nodes share them. */
      folder: z.string().min(1).optional(),
      /** Where the key that seals the record is, where parts with a folder each share a store. */
      auditFolder: z.string().min(1).optional(),
      /** Where the secret that covers the store is (T24), where parts with a folder each share one. */
      digestFolder: z.string().min(1).optional(),
      /** File with at least 32 random bytes that seals the key files at rest. */
      sealKeyFile: z.string().optional(),
      rotateAfterDays: z.int().min(1).max(3650).default(90),
      /** A new key is published for this long before it signs. */
      publishWaitSeconds: z.int().min(1).max(86_400).default(600),
      /** Keys in a PKCS #11 token, for the purposes that have a label. */
      pkcs11: z
        .strictObject({
          module: z.string().min(1),
          token: z.string().min(1),
          pinFile: z.string().min(1),
          driver: z.string().optional(),
          labels: z
            .strictObject({
              idToken: label.optional(),
              idJag: label.optional(),
              accessToken: label.optional(),
              securityEvent: label.optional(),
              revocation: label.optional(),
              audit: label.optional(),
            })
            .refine(
              (labels) => Object.keys(labels).length > 0,
              'must name idToken, idJag, accessToken, securityEvent, revocation or audit',
            ),
        })
        .optional(),
      // Who pays decides: an ID Token is signed once and verified often, the other two are verified once.
      idToken: z.enum(signatureAlgorithms).default('RS256'),
      idJag: z.enum(signatureAlgorithms).default('ES256'),
      accessToken: z.enum(signatureAlgorithms).default('ES256'),
      /** What issuers encrypt ID-JAGs to, where they do. */
      idJagEncryption: z.enum(encryptionAlgorithms).default('ECDH-ES'),
      securityEvent: z.enum(signatureAlgorithms).default('ES256'),
      /** Of what MCP servers hear of who is cut off. */
      revocation: z.enum(signatureAlgorithms).default('ES256'),
      /** Of the checkpoints of the record. */
      audit: z.enum(signatureAlgorithms).default('ES256'),
    })
    .prefault({}),
  audit: z
    .strictObject({
      /** What was written is sealed after so long at most. */
      sealSeconds: z.int('must be a whole number').min(1, '1 to 300').max(300, '1 to 300').default(5),
      /** Where checkpoints go that nobody who can write to the store can take back (T23). */
      witness: z
        .strictObject({
          /** A line for each, appended. */
          file: z.string().min(1).optional(),
          /** Each is posted there. */
          url: z
            .string()
            .refine(isPostedTo, 'must be an https URL without credentials or fragment (http on localhost only)')
            .optional(),
          /** File with the bearer token it wants to see. */
          tokenFile: z.string().min(1).optional(),
        })
        .refine(({ file, url }) => file !== undefined || url !== undefined, 'must name a file, a url, or both')
        .refine(({ url, tokenFile }) => tokenFile === undefined || url !== undefined, 'tokenFile: for a url only')
        .optional(),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
      format: z.enum(logFormats, 'must be json or text').default('json'),
      /** A line for each request: where, status, time. */
      requests: z.boolean().default(false),
    })
    .prefault({}),
  /** For so long after it was told to stop /readyz says no while everything is still answered. */
  drainSeconds: z.int('must be a whole number').min(0, '0 to 300').max(300, '0 to 300').default(0),
  dpop: z.strictObject({ nonce: z.boolean().default(false) }).prefault({}),
  metrics: z
    .strictObject({
      port,
      host: z.string().min(1).default('localhost'),
      /** Says that something else keeps strangers away from a host that is not loopback. */
      exposed: z.boolean().default(false),
    })
    .optional(),
  gateway: z
    .strictObject({
      data: z.string().optional(),
      /** Where commands of stdio upstreams are looked for. */
      path: z.array(z.string()).default(['/usr/local/bin', '/usr/bin', '/bin']),
      /** How a gateway apart from the RAS hears who is cut off. */
      revocations: z
        .strictObject({
          /** By id of a server of the resource document: file with the secret of `server:<id>` at the RAS. */
          secretFiles: z.record(z.string().min(1), z.string().min(1)).default({}),
          /** Without a sign of life for so long nobody is known to be good. */
          deafSeconds: z.int('must be a whole number').min(5, '5 to 60').max(60, '5 to 60').default(10),
          /** What becomes of requests then. */
          whenDeaf: z.enum(['refuse', 'accept'], 'must be refuse or accept').default('refuse'),
        })
        .optional(),
    })
    .prefault({}),
});

/** Flags of `credence serve`; each wins over the file. */
export interface ServeFlags {
  readonly role?: readonly string[] | undefined;
  readonly config?: string | undefined;
  readonly host?: string | undefined;
  readonly idpPort?: string | undefined;
  readonly rasPort?: string | undefined;
  readonly adminPort?: string | undefined;
  readonly metricsPort?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly logFormat?: string | undefined;
  readonly workers?: string | undefined;
  readonly tls?: boolean | undefined;
  readonly demo?: boolean | undefined;
}

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

const PlacesFile = z.strictObject({
  store: StoreSection.optional(),
  keys: z
    .object({
      folder: z.string().min(1).optional(),
      auditFolder: z.string().min(1).optional(),
      digestFolder: z.string().min(1).optional(),
    })
    .optional(),
});

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

/** Rules that span values: clear http only on loopback or behind a trusted proxy (TLS-02), a demo only for this machine. */
function checkTogether(config: Config): string[] {
  const problems: string[] = [];
  const isLocal = isLoopbackHost(config.host);
  if (config.demo && !isLocal) {
    problems.push(`--demo listens on loopback only, not on ${config.host}: its passwords lie in a file.`);
  }
  const origins = [
    ['idp.issuer', config.idp.issuer, config.roles.has('idp')],
    ['ras.issuer', config.ras.issuer, config.roles.has('ras') || config.roles.has('gateway')],
    ['admin.url', config.admin.url, config.roles.has('admin')],
  ] as const;
  for (const [path, issuer, isServed] of origins) {
    const { protocol, hostname } = new URL(issuer);
    if (protocol === 'http:' && !isLoopbackHost(hostname)) {
      problems.push(`${path}: ${issuer} must be https; http is for localhost only.`);
    }
    if (isServed && !isLocal && config.tls === undefined && config.trustedHops.length === 0) {
      problems.push(`${path}: served without TLS on ${config.host}; set tls, or name your proxy under proxy.trusted.`);
    }
  }
  const { clientCertificates, tls, trustedHops } = config;
  if (clientCertificates?.header !== undefined && trustedHops.length === 0) {
    problems.push('clientCertificates.header: nobody is believed who sends it; name your proxy under proxy.trusted.');
  }
  if (clientCertificates && clientCertificates.header === undefined && tls === undefined) {
    problems.push(
      'clientCertificates: none can arrive; set tls, or header and proxy.trusted where a proxy speaks TLS.',
    );
  }
  const isReachable = origins.some(([, issuer]) => !isLoopbackHost(new URL(issuer).hostname));
  if (isReachable && config.keys.publishWaitSeconds < jwksMaxAgeSeconds) {
    problems.push(
      `keys.publishWaitSeconds: verifiers may keep our JWK Set for ${jwksMaxAgeSeconds} seconds; a new key waits that long or longer (KEY-03).`,
    );
  }
  const labels = Object.values(config.keys.pkcs11?.labels ?? {});
  if (new Set(labels).size < labels.length) {
    problems.push('keys.pkcs11.labels: each purpose needs a label of its own (KEY-01).');
  }
  for (const purpose of keyPurposes) {
    const algorithm = config.keys.algorithms[purpose];
    if (config.keys.pkcs11?.labels[purpose] !== undefined && /^Ed/.test(algorithm)) {
      problems.push(`keys: a token signs with ES256, RS256 or PS256, not with ${algorithm} (${purpose}).`);
    }
  }
  problems.push(...checkWaysOut(config));
  if (config.idp.issuer === config.ras.issuer) {
    problems.push('idp.issuer and ras.issuer are the same; the two trust domains need two origins (IDP-34).');
  }
  return problems;
}

/** Clear http to loopback is for development: where we are on localhost ourselves, so are those we fetch keys from. */
export function isDevelopment({ ras }: Pick<Config, 'ras'>): boolean {
  return isLoopbackHost(new URL(ras.issuer).hostname);
}

/** What the one way out would refuse each time is told before anything starts. */
function checkWaysOut(config: Config): string[] {
  if (isDevelopment(config)) return [];
  const hooks = config.exports.flatMap((one) =>
    one.kind === 'webhook' ? [[`exports.${one.name}.url`, one.url] as const] : [],
  );
  const urls = [
    ['decisionPoint.url', config.decisionPoint?.url],
    ['audit.witness.url', config.audit.witness?.url],
    ...hooks,
  ] as const;
  return urls.flatMap(([path, url]) =>
    url !== undefined && new URL(url).protocol === 'http:'
      ? [`${path}: ${url} must be https; http to localhost is for development, where ras.issuer is on localhost too.`]
      : [],
  );
}

/** What they tell is no secret, and no stranger's business either: whom they concern, how many, how fast. */
function checkMetrics(metrics: z.output<typeof ConfigFile>['metrics']): string[] {
  if (!metrics || metrics.exposed || isLoopbackHost(metrics.host)) return [];
  return [
    `metrics.host: ${metrics.host} is not loopback, and metrics are told to whoever asks; where a network policy or firewall keeps strangers away, set metrics.exposed: true.`,
  ];
}

export function isLoopbackHost(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  return address === 'localhost' || address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}

async function readConfigFile(file: string, isRequired: boolean): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !isRequired) return {};
    throw new Problem(
      `Cannot read the configuration ${file}: ${reasonOf(error)}.`,
      'Check the path and its permissions.',
    );
  }
  let value: unknown;
  try {
    value = parseYaml(text) ?? {};
  } catch (error) {
    const [summary] = (error as Error).message.split('\n');
    throw new Problem(`${file} is not valid YAML: ${summary}`, 'Mend the line named above.');
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new Problem(`${file} must hold a mapping at the top.`, 'See docs/operate/configuration.md.');
  }
  return value as Record<string, unknown>;
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const words: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
  };
  return words[code ?? ''] ?? message;
}

/** Lays flags over the file's values, so that one schema judges both. */
function withFlags(raw: Record<string, unknown>, flags: ServeFlags): Record<string, unknown> {
  const section = (name: string, members: Record<string, unknown>) => {
    const given = Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
    const inFile = raw[name];
    if (Object.keys(given).length === 0 || (inFile !== undefined && typeof inFile !== 'object')) return inFile;
    return { ...(inFile as object | undefined), ...given };
  };
  const merged: Record<string, unknown> = {
    ...raw,
    idp: section('idp', { port: toNumber(flags.idpPort) }),
    ras: section('ras', { port: toNumber(flags.rasPort) }),
    admin: section('admin', { port: toNumber(flags.adminPort) }),
    metrics: section('metrics', { port: toNumber(flags.metricsPort) }),
    log: section('log', { level: flags.logLevel, format: flags.logFormat }),
    roles: flags.role ?? raw.roles,
    host: flags.host ?? raw.host,
    workers: toNumber(flags.workers) ?? raw.workers,
    tls: flags.tls ? (raw.tls ?? 'development') : raw.tls,
  };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

/** Digits become a number; anything else is left for the schema to refuse by name. */
function toNumber(flag: string | undefined): number | string | undefined {
  return flag !== undefined && /^\d{1,6}$/.test(flag) ? Number(flag) : flag;
}

function toProblem(error: z.ZodError, file: string): Problem {
  const lines = error.issues.map(({ path, message }) => `${path.join('.') || '(top)'}: ${message}`);
  return new Problem(
    `The configuration has ${lines.length === 1 ? 'a problem' : `${lines.length} problems`}:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    `Change ${file} or the flags. All keys: docs/operate/configuration.md.`,
  );
}

function isCidr(text: string): boolean {
  const [address = '', bits, rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest !== undefined || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return false;
  try {
    new BlockList().addSubnet(address, Number(bits ?? (family === 6 ? 128 : 32)), family === 6 ? 'ipv6' : 'ipv4');
    return true;
  } catch {
    return false;
  }
}
