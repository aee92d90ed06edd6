import { createHash, randomBytes } from 'node:crypto';
import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccountLink } from '../store/links.ts';
import type { AuditRow, Person, Store } from '../store/store.ts';

/** Where links lead: the token is the rest of the path, and nothing else is in it. */
export const linkPath = '/password/';

export const minPasswordLength = 12;
/** Longer than any passphrase; what lies beyond would only cost memory. */
export const maxPasswordLength = 1024;

/** The hash that stands for a token in the store, or `undefined` for what cannot be one. 256 random bits need no slow hash (KEY-09). */
export function hashLinkToken(token: string): string | undefined {
  if (!/^[\w-]{43}$/.test(token)) return undefined;
  return createHash('sha256').update(`credence account link\0${token}`).digest('base64url');
}

/** Makes a link for this person, in place of the one before, and gives its address away once: it is not kept. */
export async function makeLink(
  store: Pick<Store, 'links'>,
  person: Person,
  made: {
    readonly issuer: string;
    readonly purpose: AccountLink['purpose'];
    readonly now: EpochSeconds;
    /** Until then it is not good. */
    readonly delaySeconds?: number;
    readonly validSeconds: number;
    readonly records: readonly AuditRow[];
  },
): Promise<{ readonly url: string; readonly link: AccountLink }> {
  const { issuer, purpose, now, delaySeconds = 0, validSeconds, records } = made;
  const token = randomBytes(32).toString('base64url');
  const opensAt = now + delaySeconds;
  const link = { personId: person.id, purpose, createdAt: now, opensAt, expiresAt: opensAt + validSeconds };
  await store.links.make(link, hashLinkToken(token) ?? '', records);
  return { url: `${issuer}${linkPath}${token}`, link };
}

/** What is wrong with a new password, as a sentence; NIST SP 800-63B §3.1.1.2: length counts, composition does not. */
export function whyNotPassword(password: string, { email, name }: Pick<Person, 'email' | 'name'>): string | undefined {
  if ([...password.normalize('NFKC')].length < minPasswordLength) {
    return `Choose a longer one: ${minPasswordLength} characters at least. A few words are easy to remember.`;
  }
  if (password.length > maxPasswordLength) return 'Choose a shorter one.';
  const folded = password.toLowerCase();
  const isAboutYou = [email, email.split('@')[0] ?? '', name].some(
    (word) => word.length > 3 && folded.replaceAll(word.toLowerCase(), '').length < minPasswordLength / 2,
  );
  if (isAboutYou || new Set(folded).size < 4) return 'Choose one that is harder to guess.';
  return undefined;
}
