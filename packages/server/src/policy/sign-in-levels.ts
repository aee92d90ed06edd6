import type { SignInNeeds } from './model.ts';

/**
 * How strong a sign-in was, in words that other providers use too (`acr`), the weakest first. Two factors are named as in
 * PAPE 1.0 §4.2, a passkey as in OpenID Connect Extended Authentication Profile ACR Values 1.0 §3.
 */
export const acrOf = {
  password: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
  twoFactors: 'http://schemas.openid.net/pape/policies/2007/06/multi-factor',
  passkey: 'phr',
} as const;

const ladder: readonly string[] = Object.values(acrOf);

/** A way to sign in, by the most that it comes to. */
export interface Way {
  readonly acr: string | undefined;
  readonly amr: readonly string[];
}

/** Ways to sign in here, the weakest first, with methods as in RFC 8176. None shows what two of them have only together. */
export const waysHere: readonly Way[] = [
  { acr: acrOf.password, amr: ['pwd'] },
  { acr: acrOf.twoFactors, amr: ['pwd', 'otp', 'mfa'] },
  { acr: acrOf.passkey, amr: ['pwd', 'pop', 'swk', 'user', 'mfa'] },
];

/**
 * Ways to sign in somewhere else, of which no more is known than the words for them: each may come with all the methods.
 * Those that are words of ours are last, the strongest of them at the end.
 */
export function waysElsewhere(acr: readonly string[], amr: readonly string[]): readonly Way[] {
  const words = acr.toSorted((one, other) => ladder.indexOf(one) - ladder.indexOf(other));
  return words.length === 0 ? [{ acr: undefined, amr }] : words.map((word) => ({ acr: word, amr }));
}

/** Those ways that meet what no other of them does. At least one is left, and the last is the strongest. */
export function bestOf(ways: readonly Way[], needs: readonly SignInNeeds[]): readonly Way[] {
  const met = ways.map((way) => needs.filter((each) => isAs(each, way)));
  return ways.filter((_, at) => {
    const own = met[at] ?? [];
    return !met.some((other, there) => {
      const isAsMuch = own.every((each) => other.includes(each));
      return isAsMuch && (there > at || own.length < other.length);
    });
  });
}

/** True when a sign-in has the strength and the methods that are needed, whenever it was. */
export function isAs({ acr, amr = [] }: SignInNeeds, signIn: Way): boolean {
  return (acr === undefined || coversAcr(signIn.acr, acr)) && amr.every((method) => signIn.amr.includes(method));
}

/** True when `held` is what was asked for, or stronger. A word of another provider covers itself alone. */
export function coversAcr(held: string | undefined, asked: string): boolean {
  if (!ladder.includes(asked)) return held === asked;
  return ladder.indexOf(held ?? '') >= ladder.indexOf(asked);
}

/** The one word that covers both, or `undefined` when no sign-in can be both. */
export function strongerAcr(one: string, other: string): string | undefined {
  if (coversAcr(one, other)) return one;
  return coversAcr(other, one) ? other : undefined;
}

/**
 * What a request for a sign-in like this has to say in `acr_values`: the weakest word of those that can be earned. Methods
 * cannot be asked for on the wire (RFC 9470 §3), only by a word of ours that stands for them; what a word of somebody else's
 * stands for is not known here.
 */
export function acrToAskFor(needs: SignInNeeds, ways: readonly Way[]): string | undefined {
  const { acr, amr = [] } = needs;
  if (acr === undefined && amr.length === 0) return undefined;
  const enough = ways.filter((way) => isAs(needs, way));
  const telling = enough.find(({ acr: word }) => {
    const ours = waysHere.find((way) => way.acr === word);
    return ours !== undefined && isAs({ amr }, ours);
  });
  return (telling ?? (acr === undefined ? undefined : enough[0]))?.acr;
}

/**
 * Whether a sign-in is what a request with these `acr_values` asked for: one of them, or stronger. Where none of them is a
 * word of ours, whoever knows them judges.
 */
export function satisfiesRequest(held: string | undefined, acrValues: unknown): boolean {
  if (levelAskedFor(acrValues) === undefined) return true;
  return String(acrValues)
    .split(' ')
    .some((asked) => coversAcr(held, asked));
}

/**
 * The weakest level that satisfies a request with these `acr_values`, or `undefined` when none of them is a word of ours:
 * the parameter is a wish, and words that mean nothing here are no reason to refuse (OpenID Connect Core §3.1.2.1).
 */
export function levelAskedFor(acrValues: unknown): string | undefined {
  const asked = typeof acrValues === 'string' ? acrValues.split(' ') : [];
  return ladder.find((level) => asked.includes(level));
}
