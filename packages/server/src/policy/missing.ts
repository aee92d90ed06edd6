import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccessIndex } from './compile.ts';
import { type Explanation, explain, type ScopeOutcome } from './explain.ts';
import type { Ask } from './model.ts';

/** What a version says to something that was refused once. */
export type Missing =
  /** It would be allowed, after a good enough sign-in. */
  | { readonly kind: 'nothing' }
  /** A rule that allows these scopes would do. */
  | { readonly kind: 'rule'; readonly scopes: readonly string[] }
  /** No rule that allows something would do. */
  | { readonly kind: 'barred'; readonly why: 'ahead' | 'refusal' | 'other'; readonly words: string };

const weekSeconds = 7 * 86_400;

/**
 * What somebody lacks now, as the directory has them now, to get what they were refused. Judged after the best sign-in there is,
 * and at the hour of the week at which it was refused: what is open at some hours only is not open to whoever works at others.
 * @param refused - what was asked, as it is on the record
 */
export function missingOf(index: AccessIndex, refused: Ask, person: Ask['person'], now: EpochSeconds): Missing {
  const sameHour = refused.now + Math.max(0, Math.floor((now - refused.now) / weekSeconds)) * weekSeconds;
  // The first says what has ended by now, the second which hours are open.
  const told = [now, sameHour].map((at) => explainAtBest(index, { ...refused, person, now: at }));
  const ahead = told.find((each) => each.ahead !== undefined)?.ahead;
  if (ahead !== undefined) return { kind: 'barred', why: 'ahead', words: ahead };
  const missing = [...new Set(told.flatMap((each) => scopesThatAre('not_allowed', index, refused, each)))];
  if (missing.length > 0) return { kind: 'rule', scopes: missing };
  if (told.every(({ decision }) => decision.effect === 'allow')) return { kind: 'nothing' };
  const denied = told.flatMap(({ scopes }) => scopes.filter(({ outcome }) => outcome === 'denied'));
  const [first] = denied;
  if (first) return { kind: 'barred', why: 'refusal', words: `${first.scope} is ${first.words}` };
  const words = told[0]?.scopes.find(({ outcome }) => outcome !== 'granted')?.words ?? 'no scope is left';
  return { kind: 'barred', why: 'other', words };
}

/**
 * The smallest rule that gives it: to one person, through one client, with an end. Its name is made of what it is made of, so that
 * making it twice makes the same one; and nothing of it tells who it is for, because names of rules stand on the record where
 * nothing can be erased.
 * @param until - the last day
 */
export function smallestRuleFor(
  { personId, client, server, decision }: SmallestFor,
  scopes: readonly string[],
  until: string,
): SmallestRule {
  // What is missing later of the same decision is another rule, and does not take the place of the first.
  const tail = `${toLetters(decision, 8)}-${sumOf(scopes.toSorted().join(' ')).toString(36)}`;
  const id = `${server.slice(0, 36)}-${until}-${tail}`;
  return { id, allow: [...scopes], on: server, to: [`user:${personId}`], through: [client], until };
}

function toLetters(text: string, length: number): string {
  return text
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(-length)
    .toLowerCase();
}

/** Tells the few texts apart that scopes of one decision make; of 32 bits. */
function sumOf(text: string): number {
  let sum = 0;
  for (let at = 0; at < text.length; at += 1) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) >>> 0;
  return sum;
}

/** What such a rule is for: a decision, as it is on the record. */
interface SmallestFor {
  readonly personId: string;
  readonly client: string;
  readonly server: string;
  readonly decision: string;
}

/** An entry of the access document. */
export interface SmallestRule {
  readonly id: string;
  readonly allow: readonly string[];
  readonly on: string;
  readonly to: readonly string[];
  readonly through: readonly string[];
  readonly until: string;
}

/** After the sign-in that goes furthest, with a key bound to it, in a session that holds nothing yet. */
export function explainAtBest(index: AccessIndex, ask: Omit<Ask, 'acr' | 'amr' | 'authTime'>): Explanation {
  const best = { ...ask, authTime: ask.now, keyBound: true, held: undefined };
  const tries = index.best.map(({ acr, amr }) => explain(index, { ...best, acr, amr }));
  return tries.find(({ decision }) => decision.effect === 'allow') ?? (tries.at(-1) as Explanation);
}

/** Scopes of this server; types of details are explained beside them, and are none. */
function scopesThatAre(
  outcome: ScopeOutcome,
  index: AccessIndex,
  { server }: Ask,
  { scopes }: Explanation,
): readonly string[] {
  const known = index.servers.get(server)?.scopes;
  return scopes.filter((each) => each.outcome === outcome && known?.has(each.scope)).map(({ scope }) => scope);
}
