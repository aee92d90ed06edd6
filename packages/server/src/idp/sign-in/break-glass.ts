import type { SignInNote, SignInOptions } from './options.ts';

/** What a break-glass account does at the sign-in is never an ordinary line. */
const kinds: ReadonlySet<SignInNote['kind']> = new Set(['sign_in', 'refusal', 'factor']);

/**
 * Whatever happens at the sign-in with the break-glass account is an alert, a try that failed too, and is never only counted:
 * the account is for the day nothing else works, so every use is one that somebody should know of.
 */
export function withBreakGlassAlerts(options: SignInOptions): SignInOptions {
  return {
    ...options,
    note: async (note) => {
      const isIts = kinds.has(note.kind) && (await isBreakGlass(options, note.facts.person));
      return options.note(
        isIts ? { ...note, kind: 'alert', known: true, facts: { ...note.facts, breakGlass: true } } : note,
      );
    },
  };
}

export async function isBreakGlass(
  { store }: Pick<SignInOptions, 'store'>,
  personId: string | undefined,
): Promise<boolean> {
  return personId !== undefined && (await store.administrators.breakGlass())?.personId === personId;
}
