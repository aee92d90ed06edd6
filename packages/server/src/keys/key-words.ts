import type { EpochSeconds } from '@credence/mcp/protocol';
import { type KeyPurpose, keyPurposes } from '../config-schema.ts';
import { type Home, keyFolderOf } from '../home.ts';
import { readKeyFile } from './key-file.ts';
import { statesOf, type TimedKey } from './lifecycle.ts';
import type { Seal } from './seal.ts';

/** A key as `credence keys list` shows it: what it does now, since when, and until when, in words. */
export interface KeyLine {
  readonly kid: string;
  readonly algorithm: string;
  /** Label of the key in its token; absent for a key in a file. */
  readonly token?: string;
  readonly state: ReturnType<typeof statesOf>[number];
  readonly words: string;
  readonly publishedAt: EpochSeconds;
  readonly signsFrom: EpochSeconds;
  readonly retiresAt?: EpochSeconds;
}

/** The keys of every purpose of an installation. */
export async function readKeyLines(
  home: Pick<Home, 'keysDir' | 'auditKeysDir'>,
  seal: Seal | undefined,
  now: EpochSeconds,
): Promise<(KeyLine & { readonly purpose: KeyPurpose })[]> {
  const rows = [];
  for (const purpose of keyPurposes) {
    const keys = await readKeyFile(keyFolderOf(home, purpose), purpose, seal);
    rows.push(...toKeyLines(keys, now).map((line) => ({ purpose, ...line })));
  }
  return rows;
}

/** The keys of one purpose, in the order of the file. */
export function toKeyLines(keys: readonly TimedKey[], now: EpochSeconds): KeyLine[] {
  const states = statesOf(keys, now);
  return keys.map(({ jwk, publishedAt, signsFrom, retiresAt }, at) => {
    const state = states[at] ?? 'retired';
    return {
      kid: jwk.kid,
      algorithm: jwk.alg,
      ...(jwk.token !== undefined && { token: jwk.token }),
      state,
      words: (jwk.use === 'enc' ? toEncryptionWords : toWords)(state, { signsFrom, retiresAt }, now),
      publishedAt,
      signsFrom,
      ...(retiresAt !== undefined && { retiresAt }),
    };
  });
}

function toWords(
  state: KeyLine['state'],
  { signsFrom, retiresAt = 0 }: Pick<TimedKey, 'signsFrom' | 'retiresAt'>,
  now: EpochSeconds,
): string {
  switch (state) {
    case 'published':
      return `published, signs in ${toSpan(signsFrom - now)}`;
    case 'signing':
      return `signing for ${toSpan(now - signsFrom)}${retiresAt > now ? `, published for ${toSpan(retiresAt - now)} more` : ''}`;
    case 'retiring':
      return `signs no more, published for ${toSpan(retiresAt - now)} more`;
    case 'retired':
      return `retired ${toSpan(now - retiresAt)} ago`;
  }
}

/** A key for decrypting: issuers are offered one at a time; the one before it still opens what was encrypted to it. */
function toEncryptionWords(...[state, { signsFrom, retiresAt = 0 }, now]: Parameters<typeof toWords>): string {
  switch (state) {
    case 'published':
      return `offered to issuers in ${toSpan(signsFrom - now)}`;
    case 'signing':
      return `offered to issuers for ${toSpan(now - signsFrom)}`;
    case 'retiring':
      return `offered no more, decrypts for ${toSpan(retiresAt - now)} more`;
    case 'retired':
      return `retired ${toSpan(now - retiresAt)} ago`;
  }
}

const units: readonly [seconds: number, name: string][] = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

/** A span in its largest whole unit. */
export function toSpan(seconds: number): string {
  const [size, name] = units.find(([unit]) => seconds >= unit) ?? [1, 'second'];
  const count = Math.max(0, Math.floor(seconds / size));
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
