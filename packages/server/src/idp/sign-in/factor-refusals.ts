import type { Refusal } from '@credence/mcp/protocol';

/** What a person is told when a second factor was not accepted. The record has the exact reason. */
const sentences = {
  factor_code_wrong: 'This code is not the right one. Enter the one that is shown now.',
  factor_code_replayed: 'This code was used before. Wait for the next one, which comes within 30 seconds.',
  factor_codes_exhausted:
    'Too many wrong codes today. Use a passkey or a recovery code, and tell whoever looks after sign-in: somebody else may know your password.',
  passkey_refused: 'This passkey was not accepted. Try again, or use another way.',
  passkey_counter_went_back:
    'This passkey was not accepted: there may be a copy of it. Tell whoever looks after sign-in.',
  enrolment_code_wrong: 'This enrolment code is not good, or was used before. Ask for a new one.',
  factor_needed: 'Sign in with a second factor first.',
} as const satisfies Partial<Record<Refusal, string>>;

export type Known = keyof typeof sentences | 'too_many_requests';

export function isOneOf(refusal: Refusal): refusal is keyof typeof sentences {
  return Object.hasOwn(sentences, refusal);
}

export function sentenceFor(refusal: Known, waitSeconds = 0): string {
  if (refusal !== 'too_many_requests') return sentences[refusal];
  return `Too many tries from here. Wait ${waitSeconds} seconds, then try again.`;
}
