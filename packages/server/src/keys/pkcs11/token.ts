import { createHash, randomBytes } from 'node:crypto';
import type { SignatureAlgorithm } from '@credence/mcp/protocol';
import { Problem } from '../../problem.ts';
import { type PrivateJwk, type Signer, toPublicJwk } from '../signer.ts';
import { type Connection, type ConnectOptions, connect } from './connection.ts';
import { ck, isLost, type Mechanism, mechanisms, pss } from './cryptoki.ts';

/** What a token makes and signs with; other algorithms are for keys in files. */
export const tokenAlgorithms = ['ES256', 'RS256', 'PS256'] as const satisfies readonly SignatureAlgorithm[];
type TokenAlgorithm = (typeof tokenAlgorithms)[number];

/** Keys in a PKCS #11 token: made there, used there, never out. */
export interface Token {
  /** Makes a key pair under a label. Resolves to the public half, with the label in place of the private one. */
  generate(label: string, algorithm: SignatureAlgorithm): Promise<PrivateJwk>;
  /** Throws `Problem` when the token has no such key. */
  signerOf(jwk: PrivateJwk): Signer;
  close(): Promise<void>;
}

/** Opens the token; throws `Problem` when it is not there or does not take the PIN. */
export function openToken(options: ConnectOptions): Token {
  let connection = connect(options);

  /** Once more over a new connection when the old one is gone: a token may be restarted under a running server. */
  async function use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const used = connection;
    try {
      return await work(used);
    } catch (error) {
      if (!isLost(error)) throw error;
      if (connection === used) connection = used.again();
      return work(connection);
    }
  }

  /** The same for looking: a key that was made while the token was there may have its first turn after it was restarted. */
  function find(label: string, id: Buffer) {
    try {
      return connection.find(label, id);
    } catch (error) {
      if (!isLost(error)) throw error;
      connection = connection.again();
      return connection.find(label, id);
    }
  }

  return {
    generate: (label, algorithm) => use((open) => generate(open, label, toTokenAlgorithm(algorithm))),
    signerOf(jwk) {
      const algorithm = toTokenAlgorithm(jwk.alg);
      const { kid, token: label = '' } = jwk;
      if (!find(label, toId(kid))) {
        throw new Problem(
          `The token has no key ${kid} under the label ${label}, which the key file names.`,
          'Is it the right token? Where the key is gone for good: credence keys rotate, then retire it.',
        );
      }
      return {
        kid,
        algorithm: jwk.alg,
        publicJwk: toPublicJwk(jwk),
        sign: (signingInput) => use((open) => sign(open, label, kid, algorithm, Buffer.from(signingInput, 'latin1'))),
      };
    },
    close: () => connection.close(),
  };
}

const sizes: Readonly<Record<TokenAlgorithm, number>> = { ES256: 64, RS256: 256, PS256: 256 };
const signing: Readonly<Record<TokenAlgorithm, Mechanism>> = {
  ES256: { mechanism: mechanisms.ecdsa }, // gives r and s as JOSE wants them
  RS256: { mechanism: mechanisms.sha256Rsa },
  PS256: { mechanism: mechanisms.sha256RsaPss, parameter: pss },
};

/** What a thread reads and writes, kept from the garbage collector while it does. */
const held = new Set<Buffer>();

function sign(open: Connection, label: string, kid: string, algorithm: TokenAlgorithm, input: Buffer): Promise<Buffer> {
  return open.withSession(async (session, cryptoki) => {
    const key = open.find(label, toId(kid));
    if (!key) throw new Error(`the token has no key ${kid}`);
    const data = algorithm === 'ES256' ? createHash('sha256').update(input).digest() : input;
    cryptoki.C_SignInit(session, signing[algorithm], key);
    const room = Buffer.alloc(sizes[algorithm]);
    held.add(data).add(room);
    try {
      const signature = await cryptoki.C_SignAsync(session, data, room);
      if (signature.length !== sizes[algorithm]) throw new Error('the token gave a signature of another length');
      return signature;
    } finally {
      held.delete(data);
      held.delete(room);
    }
  });
}

// Read by another thread, so never collected.
const p256 = Buffer.from('06082a8648ce3d030107', 'hex');
const exponent = Buffer.from([1, 0, 1]);

function generate(open: Connection, label: string, algorithm: TokenAlgorithm): Promise<PrivateJwk> {
  return open.withSession(async (session, cryptoki) => {
    const id = randomBytes(12); // held by what is returned
    const both = [
      { type: ck.token, value: true },
      { type: ck.id, value: id },
      { type: ck.label, value: label },
    ];
    const isEc = algorithm === 'ES256';
    const kind = isEc
      ? [{ type: ck.ecParams, value: p256 }]
      : [
          { type: ck.modulusBits, value: 2048 },
          { type: ck.publicExponent, value: exponent },
        ];
    const { publicKey } = await cryptoki.C_GenerateKeyPairAsync(
      session,
      { mechanism: isEc ? mechanisms.ecKeyPair : mechanisms.rsaKeyPair },
      [...both, { type: ck.verify, value: true }, ...kind],
      [
        ...both,
        { type: ck.private, value: true },
        { type: ck.sensitive, value: true },
        { type: ck.extractable, value: false },
        { type: ck.sign, value: true },
      ],
    );
    const read = (...types: number[]) =>
      cryptoki
        .C_GetAttributeValue(
          session,
          publicKey,
          types.map((type) => ({ type })),
        )
        .map(({ value }) => value);
    const common = { kid: id.toString('base64url'), alg: algorithm, use: 'sig', token: label };
    if (isEc) {
      const [point = Buffer.of()] = read(ck.ecPoint);
      // A DER string around it, or the bare point: both are found in the wild.
      const bare = point.subarray(point.length - 65);
      if (point.length < 65 || bare[0] !== 4) throw new Error('the token gave no uncompressed point');
      const [x, y] = [bare.subarray(1, 33), bare.subarray(33)].map((half) => half.toString('base64url'));
      return { kty: 'EC', crv: 'P-256', x, y, ...common } as PrivateJwk;
    }
    const [n, e] = read(ck.modulus, ck.publicExponent).map((value) => withoutZeros(value).toString('base64url'));
    return { kty: 'RSA', n, e, ...common } as PrivateJwk;
  });
}

/** @see https://www.rfc-editor.org/rfc/rfc7518#section-6.3.1.1 */
function withoutZeros(value: Buffer): Buffer {
  const first = value.findIndex((byte) => byte !== 0);
  return value.subarray(Math.max(0, first));
}

function toId(kid: string): Buffer {
  return Buffer.from(kid, 'base64url');
}

function toTokenAlgorithm(algorithm: SignatureAlgorithm): TokenAlgorithm {
  const found = tokenAlgorithms.find((known) => known === algorithm);
  if (!found) throw new Problem(`A token makes no ${algorithm} keys here.`, `Choose ${tokenAlgorithms.join(', ')}.`);
  return found;
}
