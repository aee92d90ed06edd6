import type { SignInNote, SignInOptions } from './options.ts';

/**
 * Whatever the sign-in writes about the break-glass account, or what it did to others, is an alert, a try that failed too, and is never only counted:
 * the account is for the day nothing else works, so every use is one that somebody should know of.
 */
export function withBreakGlassAlerts(options: SignInOptions): SignInOptions {
  const judged = async (note: SignInNote): Promise<SignInNote> => {
    const { person, by } = note.facts;
    const isIts = (await isBreakGlass(options, person)) || (await isBreakGlass(options, by));
    return isIts ? { ...note, kind: 'alert', known: true, facts: { ...note.facts, breakGlass: true } } : note;
  };
  return {
    ...options,
    note: async (note) => options.note(await judged(note)),
    inOneStep: async (note, write) => options.inOneStep(await judged(note), write),
  };
}

export async function isBreakGlass(
  { store }: Pick<SignInOptions, 'store'>,
  personId: string | undefined,
): Promise<boolean> {
  return personId !== undefined && (await store.administrators.breakGlass())?.personId === personId;
}
