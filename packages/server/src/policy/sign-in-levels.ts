import type { Earnable } from './compile-rules.ts';
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

/** What a sign-in here can earn: the words above, and methods as in RFC 8176. */
export const earnableHere: Earnable = {
  acr: new Set(ladder),
  amr: new Set(['pwd', 'otp', 'mfa', 'pop', 'swk', 'user']),
};

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
 * What a request for a sign-in like this has to say in `acr_values`: methods cannot be asked for on the wire (RFC 9470
 * §3), so each is asked for by the weakest word that earns it.
 */
export function acrToAskFor({ acr, amr = [] }: SignInNeeds): string | undefined {
  const byMethod = amr.map((method) => acrOfMethod[method]).filter((word) => word !== undefined);
  return [acr, ...byMethod]
    .filter((word) => word !== undefined)
    .reduce<string | undefined>((sum, word) => (sum === undefined ? word : (strongerAcr(sum, word) ?? sum)), undefined);
}

const acrOfMethod: Readonly<Record<string, string | undefined>> = {
  pwd: acrOf.password,
  otp: acrOf.twoFactors,
  mfa: acrOf.twoFactors,
  pop: acrOf.passkey,
  swk: acrOf.passkey,
  user: acrOf.passkey,
};

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
