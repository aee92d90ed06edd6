import { BlockList, isIP } from 'node:net';
import { encryptionAlgorithms, signatureAlgorithms } from '@credence/mcp/protocol';
import { z } from 'zod';
import { ExportsSection, isPostedTo } from './exports-config.ts';
import { logFormats, logLevels } from './log.ts';
import { StoreSection } from './store-config.ts';
import { SignInConfig } from './upstream-config.ts';

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

/** The most that checks of time may be told to allow. A node whose clock is further off answers nobody. */
export const mostSkewSeconds = 60;

const role = z.enum(roles, {
  error: ({ input }) => `${JSON.stringify(input)} is not a role; one of ${roles.join(', ')}`,
});

const label = z.string().regex(/^[\x21-\x7e]{1,64}$/, 'must be 1 to 64 visible ASCII characters');

// "Any free one" (0) is for flags, which are looked up before: issuers carry the port.
const port = z.int().min(1).max(65535);

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
export const ConfigFile = z.strictObject({
  organisation: z.string().min(1).max(80).optional(),
  roles: z
    .array(role)
    .min(1)
    .default([...roles]),
  host: z.string().min(1).default('localhost'),
  workers: z.int('must be a whole number').min(1, '1 to 64').max(64, '1 to 64').default(1),
  limits: z
    .strictObject({
      /** Grants one client that has proven who it is may ask for; five times that at once. */
      clientPerSecond: z.int().min(10).max(1_000_000).default(2000),
      /** The same of one network, by whoever shows no credentials. */
      networkPerSecond: z.int().min(10).max(1_000_000).default(500),
    })
    .prefault({}),
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
  skewSeconds: z.int().min(0).max(mostSkewSeconds).default(30),
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
      /** Says of a gateway without the role idp that the one at idp.issuer works on the same store: people read there why calls were refused. */
      explains: z.boolean('must be true or false').default(false),
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

/** As much of it as commands beside a server need. */
export const PlacesFile = z.strictObject({
  store: StoreSection.optional(),
  keys: z
    .object({
      folder: z.string().min(1).optional(),
      auditFolder: z.string().min(1).optional(),
      digestFolder: z.string().min(1).optional(),
    })
    .optional(),
});

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
