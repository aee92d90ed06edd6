import type { Outcome } from '../../parts/marks.tsx';

/** A line of the record, as far as the pages speak of it; everything else in it is shown as it is. */
export interface Line {
  readonly id: string;
  readonly kind: string;
  readonly domain: string;
  readonly timeMs: number;
  readonly outcome: 'allowed' | 'refused';
  readonly reason?: string;
  readonly person?: string;
  readonly erased?: boolean;
  readonly by?: string;
  /** The token that a program showed. */
  readonly credential?: string;
  readonly issuer?: string;
  readonly subject?: string;
  readonly client?: string;
  readonly server?: string;
  readonly resource?: string;
  readonly audience?: string;
  readonly scopesAsked?: readonly string[];
  readonly scopesGranted?: readonly string[];
  readonly policy?: { readonly kind: 'access' | 'resource'; readonly version: number };
  readonly decision?: { readonly effect: string; readonly because: readonly string[] };
  readonly inputs?: {
    readonly groups: readonly string[];
    readonly roles: readonly string[];
    readonly amr: readonly string[];
    readonly authTime?: number;
    readonly now: number;
  };
  readonly idJag?: string;
  readonly accessToken?: string;
  readonly correlation?: string;
  readonly address?: string;
  readonly tool?: string;
  readonly method?: string;
  readonly source?: string;
  readonly group?: string;
  readonly accountBy?: string;
  readonly detail?: string;
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
}

/** The API describes what every line has; what else there is depends on its kind. */
export function toLine(record: { readonly id: string }): Line {
  return record as Line;
}

/** Lines that came as they were written and lines that were looked for, each once, the newest first. */
export function newestFirst(lines: readonly Line[]): readonly Line[] {
  const byId = new Map(lines.map((line) => [line.id, line]));
  return [...byId.values()].sort((a, b) => b.timeMs - a.timeMs);
}

const decided = new Set(['issuance', 'decision', 'refusal', 'redemption', 'tool_call']);

/** What became of it, as a mark. A line that was no question has none of refused and allowed to tell. */
export function outcomeOf(line: Line, needsSignIn: (reason: string) => boolean = () => false): Outcome {
  if (line.kind === 'alert') return 'look';
  if (line.outcome === 'refused') {
    const again = line.decision?.effect === 'step_up' || (line.reason !== undefined && needsSignIn(line.reason));
    return again ? 'again' : 'refused';
  }
  return withheldOf(line).length > 0 ? 'narrowed' : 'allowed';
}

/** Whether somebody asked for something. */
export function isQuestion({ kind }: Line): boolean {
  return decided.has(kind);
}

/** Asked for by name and not given. */
export function withheldOf({ outcome, scopesAsked = [], scopesGranted = [] }: Line): readonly string[] {
  return outcome === 'refused' ? scopesAsked : scopesAsked.filter((scope) => !scopesGranted.includes(scope));
}

/** The id of the person in the directory here: their own, or what our identity provider called them at the server. */
export function personOf({ person, issuer, subject }: Line, idp: string): string | undefined {
  return subject !== undefined && issuer === idp ? subject : person;
}

/** An id that is long, by its beginning. */
export function short(id: string): string {
  return id.length > 14 ? `${id.slice(0, 11)}…` : id;
}

/** `issues:read`; `issues:read and issues:write`; `a, b and c`. */
export function inWords(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** Why, on one line: which rule refused it, or that none gave it; else the reason in words. */
export function whyOf(line: Line, hintOf: (reason: string) => string | undefined): string {
  const { reason, decision, detail } = line;
  if (reason === undefined) return detail ?? '';
  if (reason !== 'policy_denied' || !decision) return hintOf(reason) ?? reason;
  return decision.because.length === 0 ? 'no rule gives it' : `refused by ${inWords(decision.because)}`;
}
