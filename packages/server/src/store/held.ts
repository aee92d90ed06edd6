import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Engine } from './engine.ts';

/** What a session is given, of what must never come together, in the step that gives it (T34). */
export interface Holding {
  /** The `sid` of a person's session with one client. */
  readonly session: string;
  /** Each `server scope`, as policy writes it. */
  readonly adds: readonly string[];
  /** It is kept up to this second at least, and for as long as the session stands. */
  readonly until: EpochSeconds;
  /** Whether a session that holds these may be given all of `adds`. MUST NOT throw, nor wait. */
  readonly fits: (held: readonly string[]) => boolean;
}

export interface HeldStore {
  /** What the session was given so far, of what was to be kept apart when it was given. */
  of(session: string): Promise<readonly string[]>;
}

export function heldStore({ db }: Engine): HeldStore {
  return {
    of: async (session) =>
      readHeld(
        await db.selectFrom('session_holdings').select('held').where('session', '=', session).executeTakeFirst(),
      ),
  };
}

/** What a row says; a session without one holds nothing. */
export function readHeld(row: { readonly held: string } | undefined): readonly string[] {
  return row ? (JSON.parse(row.held) as readonly string[]) : [];
}

/** What a row says from then on. */
export function toHeldText(held: readonly string[], adds: readonly string[]): string {
  return JSON.stringify([...new Set([...held, ...adds])].sort());
}
