import { kindWords } from '../../texts/decisions.ts';
import { inWords, type Line, outcomeOf, withheldOf } from './line.ts';

/** Plain text, or what counts in it. */
export type Part = string | { readonly strong: string };

/** How whoever and whatever is on a line is called. */
export interface Called {
  readonly person: string | undefined;
  readonly client: string | undefined;
  readonly server: string | undefined;
}

/** What a line says, as one sentence. */
export function verdictOf(line: Line, called: Called): readonly Part[] {
  const { kind, scopesAsked = [], scopesGranted = [], tool, detail } = line;
  const who = called.person ?? 'Somebody unknown';
  const where = called.server === undefined ? '' : ` on ${called.server}`;
  const through = called.client === undefined ? '' : ` through ${called.client}`;
  const isAllowed = line.outcome === 'allowed';
  if (kind === 'issuance' || kind === 'decision' || (kind === 'refusal' && called.server !== undefined)) {
    const outcome = outcomeOf(line);
    const scopes = { strong: inWords(isAllowed ? scopesGranted : scopesAsked) };
    const use: Part[] = scopes.strong === '' ? ['reach anything'] : ['use ', scopes];
    const end = `${where}${through}.`;
    if (outcome === 'again') return [`${who} has to sign in again to `, ...use, end];
    if (outcome === 'narrowed') {
      return [`${who} may use `, scopes, `${where}${through}, and not `, { strong: inWords(withheldOf(line)) }, '.'];
    }
    return [`${who} may ${isAllowed ? '' : 'not '}`, ...use, end];
  }
  const client = called.client ?? 'A client';
  const forWhom = called.person === undefined ? '' : ` for ${called.person}`;
  if (kind === 'redemption') {
    return [`${client} was given ${isAllowed ? 'a token' : 'no token'}${where}${forWhom}.`];
  }
  if (kind === 'tool_call') {
    const what: Part = tool === undefined ? 'something' : { strong: tool };
    return [isAllowed ? `${client} called ` : `${client} may not call `, what, `${where}${forWhom}.`];
  }
  const words = kindWords[kind] ?? kind;
  if (!isAllowed) return [`${words}: `, { strong: 'refused' }, `${through}.`];
  return detail === undefined ? [`${words}.`] : [`${words}: `, { strong: detail }, '.'];
}

/** The same as text, for the title of the window. */
export function toText(parts: readonly Part[]): string {
  return parts.map((part) => (typeof part === 'string' ? part : part.strong)).join('');
}
