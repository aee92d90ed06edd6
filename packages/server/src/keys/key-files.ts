import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Jwk, SignatureAlgorithm } from '@credence/mcp/protocol';
import { z } from 'zod';
import { Problem } from '../problem.ts';
import { generatePrivateJwk, type PrivateJwk, type Signer, toSigner } from './signer.ts';

/** One key, one algorithm, one purpose (KEY-01). Who pays decides: an ID Token is verified often, an ID-JAG once. */
const algorithmOf = { id_token: 'RS256', id_jag: 'ES256', access_token: 'ES256' } as const satisfies Record<
  string,
  SignatureAlgorithm
>;
export type KeyPurpose = keyof typeof algorithmOf;

/** The keys of one purpose: what signs now, and what is published for those who verify. */
export interface PurposeKeys {
  readonly signer: Signer;
  readonly privateJwk: PrivateJwk;
  readonly published: readonly Jwk[];
}

const KeyFile = z.strictObject({
  purpose: z.string(),
  keys: z.array(z.looseObject({ kid: z.string(), alg: z.string(), kty: z.string() })).min(1),
});

/** Reads the key file of a purpose in the home, or makes it at first start: mode 0600, complete or not there at all. */
export async function openKeys(keysDir: string, purpose: KeyPurpose): Promise<PurposeKeys> {
  const file = join(keysDir, `${purpose}.json`);
  const text = (await readIfThere(file)) ?? (await createKeyFile(file, purpose));
  const parsed = KeyFile.safeParse(parseJson(text));
  const jwk = parsed.data?.keys[0];
  if (!jwk || parsed.data?.purpose !== purpose) {
    throw new Problem(
      `The key file ${file} is damaged.`,
      'Restore it from a backup, or move it away to make new keys.',
    );
  }
  const privateJwk = jwk as unknown as PrivateJwk;
  const signer = toSigner(privateJwk);
  return { signer, privateJwk, published: [signer.publicJwk] };
}

/** Secret for cookie signatures, made at first start. */
export async function openCookieSecret(keysDir: string): Promise<string> {
  const file = join(keysDir, 'cookie.secret');
  return (await readIfThere(file)) ?? (await writeWhole(file, randomBytes(32).toString('base64url')));
}

function createKeyFile(file: string, purpose: KeyPurpose): Promise<string> {
  const content = { purpose, keys: [generatePrivateJwk(algorithmOf[purpose])] };
  return writeWhole(file, `${JSON.stringify(content, null, 2)}\n`);
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Problem(
      `Cannot read the key file ${file}: ${(error as Error).message}`,
      'Check its owner and mode (0600).',
    );
  }
}

/** Writes beside the target, flushes and renames: a crash leaves the old state or the new one, never half a key. */
async function writeWhole(file: string, content: string): Promise<string> {
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  return content;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
