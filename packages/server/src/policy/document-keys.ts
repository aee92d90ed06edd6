import { type Jwk, privatePartsOf, signatureAlgorithms } from '@credence/mcp/protocol';
import { z } from 'zod';
import { fetchedUrl, mapping } from './document-words.ts';

/**
 * Keys of others, as both policy documents hold them.
 */

/** A key set as published; one with private parts in it is refused, so that no secret lands in a document (KEY-01). */
export const jwks = z.preprocess(
  withoutCertificates,
  mapping({
    keys: z
      .array(
        z.unknown().superRefine((value, context) => {
          const problem = problemOfKey(value);
          if (problem) context.addIssue({ code: 'custom', message: problem });
        }),
        'must be a list of JSON Web Keys',
      )
      .min(1, 'must hold at least one key')
      .transform((keys) => keys as Jwk[]),
  }),
);

/** Keys to encrypt to, as published: each says `use` enc, none has private parts. */
export const encryptionJwks = z.preprocess(
  withoutCertificates,
  mapping({
    keys: z
      .array(
        z.unknown().superRefine((value, context) => {
          const problem = problemOfEncryptionKey(value);
          if (problem) context.addIssue({ code: 'custom', message: problem });
        }),
        'must be a list of JSON Web Keys',
      )
      .min(1, 'must hold at least one key')
      .transform((keys) => keys as Jwk[]),
  }),
);

const visible = /^[\x21-\x7E]{1,512}$/;

/**
 * A token of the platform the client runs on (Kubernetes, SPIFFE, CI) is its proof: exactly this issuer, subject and
 * audience. The audience is our own issuer where none is given.
 */
export const workload = mapping({
  issuer: fetchedUrl,
  subject: z.string('must be text').regex(visible, 'must be visible ASCII without blanks'),
  audience: z.string('must be text').regex(visible, 'must be visible ASCII without blanks').optional(),
  keys: z.union([z.literal('discovery'), jwks], { error: 'must be discovery, or { keys: [public JSON Web Keys] }' }),
  algorithms: z.array(z.enum(signatureAlgorithms)).min(1, 'must name at least one algorithm').optional(),
  /** The platform hands the same token out until it expires; otherwise each is good for one request. */
  reuse: z.boolean('must be true or false').default(false),
});

const keyKinds: Record<string, { crv?: string; members: string[]; algorithms: string[] }> = {
  EC: { crv: 'P-256', members: ['x', 'y'], algorithms: ['ES256'] },
  OKP: { crv: 'Ed25519', members: ['x'], algorithms: ['EdDSA', 'Ed25519'] },
  RSA: { members: ['n', 'e'], algorithms: ['RS256', 'PS256'] },
};

function problemOfKey(value: unknown): string | undefined {
  return problemOfPublic(value, (key) => {
    const kind = typeof key.kty === 'string' && Object.hasOwn(keyKinds, key.kty) ? keyKinds[key.kty] : undefined;
    if (!kind) return 'kty must be EC, OKP or RSA';
    if (kind.crv !== undefined && key.crv !== kind.crv) return `crv of an ${key.kty} key must be ${kind.crv}`;
    const problem = problemOfMembers(key, kind.members);
    if (problem) return problem;
    if (key.alg !== undefined && !kind.algorithms.some((algorithm) => algorithm === key.alg)) {
      return `alg must be ${kind.algorithms.join(' or ')}`;
    }
    if (key.use !== undefined && key.use !== 'sig') return 'use must be sig';
    if (key.kid !== undefined && (typeof key.kid !== 'string' || key.kid === '')) return 'kid must be text';
    return undefined;
  });
}

const encryptionKinds: Record<string, { members: string[]; algorithm: string }> = {
  'EC P-256': { members: ['x', 'y'], algorithm: 'ECDH-ES' },
  'OKP X25519': { members: ['x'], algorithm: 'ECDH-ES' },
  RSA: { members: ['n', 'e'], algorithm: 'RSA-OAEP-256' },
};

function problemOfEncryptionKey(value: unknown): string | undefined {
  return problemOfPublic(value, (key) => {
    if (key.use !== 'enc') return 'use must be enc: a key that signs is not to be encrypted to';
    const name = [key.kty, key.crv].filter((part) => typeof part === 'string').join(' ');
    const kind = Object.hasOwn(encryptionKinds, name) ? encryptionKinds[name] : undefined;
    if (!kind) return `must be a key of the kind ${Object.keys(encryptionKinds).join(', ')}`;
    const problem = problemOfMembers(key, kind.members);
    if (problem) return problem;
    if (key.alg !== undefined && key.alg !== kind.algorithm) return `alg must be ${kind.algorithm}`;
    return undefined;
  });
}

/** @param problemOf - asked of a mapping without private parts */
function problemOfPublic(
  value: unknown,
  problemOf: (key: Record<string, unknown>) => string | undefined,
): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be a JSON Web Key';
  const key = value as Record<string, unknown>;
  const leaked = privatePartsOf(key);
  if (leaked.length === 0) return problemOf(key);
  return `holds private parts (${leaked.join(', ')}): replace this key pair, list the public key`;
}

function problemOfMembers(key: Record<string, unknown>, members: readonly string[]): string | undefined {
  const textOf = (member: string) => (typeof key[member] === 'string' ? key[member] : '');
  const missing = members.filter((member) => !/^[A-Za-z0-9_-]+$/.test(textOf(member)));
  if (missing.length > 0) return `${missing.join(', ')} must be base64url text`;
  if (key.kty === 'RSA' && textOf('n').length < 342) return 'an RSA key must have 2048 bits or more';
  return undefined;
}

/** Published key sets often carry members that mean nothing here; only what {@link Jwk} has is kept. */
function withoutCertificates(value: unknown): unknown {
  const keys = (value as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) return value;
  const ignored = new Set(['key_ops', 'ext', 'x5c', 'x5t', 'x5t#S256', 'x5u', 'iat', 'nbf', 'exp']);
  const stripped = keys.map((key: unknown) =>
    typeof key === 'object' && key !== null && !Array.isArray(key)
      ? Object.fromEntries(Object.entries(key).filter(([name]) => !ignored.has(name)))
      : key,
  );
  return { ...(value as object), keys: stripped };
}
