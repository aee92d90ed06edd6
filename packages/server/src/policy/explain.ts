import type { AccessIndex } from './compile.ts';
import { type Rule, type RuleEffect, splitSubject } from './compile-rules.ts';
import { type Circumstance, testCircumstances } from './conditions.ts';
import { detailsGranted, isHighRisk, isKeyEnough, meets, needsToEarn, scopesInQuestion, toRequest } from './decide.ts';
import { explainTogether } from './explain-together.ts';
import type { AccessServer, Ask, Decision, SignInNeeds } from './model.ts';

/** One condition of a rule, put to the test. */
export interface Condition {
  readonly about: 'person' | 'client' | 'scopes' | Circumstance['about'] | 'sign_in' | 'session';
  readonly met: boolean;
  readonly words: string;
}

/** What became of one rule on the server. */
export interface RuleExplanation {
  readonly id: string;
  readonly effect: RuleEffect | 'never_together';
  readonly spoke: boolean;
  /** In the order they are checked, up to the first that failed. */
  readonly conditions: readonly Condition[];
}

export type ScopeOutcome =
  | 'granted'
  | 'withheld'
  | 'unbound'
  | 'kept_apart'
  | 'denied'
  | 'not_allowed'
  | 'not_asked'
  | 'unknown';

/** What became of one scope, and the rules that made it so. */
export interface ScopeExplanation {
  readonly scope: string;
  readonly outcome: ScopeOutcome;
  readonly rules: readonly string[];
  readonly words: string;
}

/** A decision taken apart for people. `decision` is computed anew, without the index that `decide()` uses. */
export interface Explanation {
  readonly decision: Decision;
  /** Why no rule was looked at: the server or the client is not in this version. */
  readonly ahead: string | undefined;
  readonly rules: readonly RuleExplanation[];
  readonly scopes: readonly ScopeExplanation[];
}

/**
 * Goes through every rule on the server in document order, the plain way: slower than `decide()` and so made that a reader
 * can follow it. A test holds that both always come to the same decision.
 */
export function explain(index: AccessIndex, ask: Ask): Explanation {
  const server = index.servers.get(ask.server);
  if (!server) return nothing(`There is no server ${ask.server} in version ${index.version} of the access document.`);
  if (server.isOff)
    return nothing(`Server ${ask.server} is switched off in version ${index.version} of the access document.`);
  const client = index.clients.get(ask.client);
  if (!client) {
    return nothing(`There is no client ${ask.client} in version ${index.version} of the access document.`);
  }
  const all = index.rules.get(ask.server)?.all ?? [];
  const inQuestion = scopesInQuestion(server, ask);
  const rules = all.map((rule) => explainRule(rule, ask, inQuestion));
  const spoke = all.filter((_, at) => rules[at]?.spoke);
  const isLoose = client.distributed === true && !ask.keyBound;
  const judged = allScopes(server, ask).map((scope) =>
    explainScope(scope, spoke, { server, ask, inQuestion, isLoose }),
  );
  const apart = explainTogether(index, ask, inQuestion, judged);
  const scopes = judged.map((one) => apart.scopes.get(one.scope) ?? one);

  const nowIn = (outcome: ScopeOutcome) => scopes.filter((one) => one.outcome === outcome).map(({ scope }) => scope);
  const about = all.filter((rule, at) => rules[at]?.spoke || isMetRequire(rule, rules[at]));
  const loose = nowIn('unbound');
  const isUnbound = ask.scopes !== undefined && isKeyEnough(loose, nowIn('granted'), about, index.earnable);
  const needs = !isUnbound && ask.scopes && needsToEarn(nowIn('withheld'), nowIn('granted'), about, index.earnable);
  const granted = needs || isUnbound ? [] : inQuestion.filter((scope) => nowIn('granted').includes(scope));
  const effect = isUnbound ? 'bind_key' : needs ? 'step_up' : granted.length > 0 ? 'allow' : 'deny';
  const because = [...spoke, ...apart.rules.filter((rule) => rule.spoke)].map(({ id }) => id);
  const kept = apart.scopes.size > 0 && { keptApart: [...apart.scopes.keys()] };
  const details = ask.details && effect === 'allow' && { details: detailsGranted(server, ask.details, granted, spoke) };
  const decision = {
    effect,
    scopes: granted,
    because,
    ...kept,
    ...(needs && { needs: toRequest(needs, ask, index.earnable) }),
    ...details,
  } as const;
  return {
    decision,
    ahead: undefined,
    rules: [...rules, ...apart.rules],
    scopes: [...scopes, ...explainDetails(server, ask, decision)],
  };
}

function nothing(ahead: string): Explanation {
  return { decision: { effect: 'deny', scopes: [], because: [] }, ahead, rules: [], scopes: [] };
}

/** A require that withheld nothing, since the sign-in is good enough for it. */
function isMetRequire({ effect }: Rule, explanation: RuleExplanation | undefined): boolean {
  return effect === 'require' && explanation?.conditions.at(-1)?.about === 'sign_in';
}

function explainRule(rule: Rule, ask: Ask, inQuestion: readonly string[]): RuleExplanation {
  const conditions: Condition[] = [];
  for (const test of [testPerson, testClient, testScopes, testWhen, testSignIn]) {
    conditions.push(...test(rule, ask, inQuestion));
    if (conditions.at(-1)?.met === false) break;
  }
  return { id: rule.id, effect: rule.effect, spoke: conditions.every(({ met }) => met), conditions };
}

function testPerson({ to }: Rule, { person }: Ask): Condition[] {
  const matching = to.filter((subject) => {
    const [kind, id] = splitSubject(subject);
    if (kind === 'group') return person.groups.includes(id);
    if (kind === 'role') return person.roles.includes(id);
    return kind === 'everyone' || person.id === id;
  });
  const met = matching.length > 0;
  const words = met ? `the person is ${matching.join(', ')}` : `the person is none of ${to.join(', ')}`;
  return [{ about: 'person', met, words }];
}

function testClient({ through }: Rule, { client }: Ask): Condition[] {
  if (!through) return [];
  const met = through.has(client);
  const words = `the client is ${client}, ${met ? '' : 'not '}one of ${[...through].join(', ')}`;
  return [{ about: 'client', met, words }];
}

function testScopes({ scopes }: Rule, _ask: Ask, inQuestion: readonly string[]): Condition[] {
  const matching = inQuestion.filter((scope) => scopes.has(scope));
  const met = matching.length > 0;
  const words = met
    ? `it is about ${matching.join(', ')}`
    : `it is about ${[...scopes].join(', ') || 'no scope of this server'}, none of them in question`;
  return [{ about: 'scopes', met, words }];
}

function testWhen({ when, effect }: Rule, ask: Ask): readonly Condition[] {
  return when ? testCircumstances(when, effect, ask) : [];
}

/** A require speaks when the sign-in falls short of it. */
function testSignIn({ effect, needs }: Rule, ask: Ask): Condition[] {
  if (effect !== 'require') return [];
  const met = !meets(needs, ask);
  const words = `the sign-in ${met ? 'falls short of' : 'meets'} ${toWords(needs)}; it had ${signInWords(ask)}`;
  return [{ about: 'sign_in', met, words }];
}

function toWords({ acr, amr, max_age }: SignInNeeds): string {
  const parts = [acr && `acr ${acr}`, amr && `amr ${amr.join(' and ')}`, max_age && `at most ${max_age} s old`];
  return parts.filter(Boolean).join(', ');
}

function signInWords({ acr, amr, authTime, now }: Ask): string {
  const age = authTime === undefined ? 'unknown age' : `an age of ${now - authTime} s`;
  return `acr ${acr ?? 'none'}, amr ${amr.join(' and ') || 'none'}, ${age}`;
}

/** What was asked for, known or not; without names, everything the server has. */
function allScopes(server: AccessServer, ask: Ask): readonly string[] {
  return [...new Set(ask.scopes ?? server.scopes.keys())];
}

/** A type of authorization details is explained beside the scopes, under its own name. */
function explainDetails(server: AccessServer, ask: Ask, { scopes, details }: Decision): ScopeExplanation[] {
  return [...new Set(ask.details ?? [])].map((type) => {
    const goesWith = server.detailTypes.get(type)?.scope;
    if (goesWith === undefined) return { scope: type, outcome: 'unknown', rules: [], words: 'no such type of details' };
    if (details?.includes(type)) return { scope: type, outcome: 'granted', rules: [], words: `goes with ${goesWith}` };
    const why = scopes.includes(goesWith) ? 'no rule that allows it names the type' : `${goesWith} is not granted`;
    return { scope: type, outcome: 'not_allowed', rules: [], words: `details that go with ${goesWith}: ${why}` };
  });
}

/** What a scope is judged in. */
interface Setting {
  readonly server: AccessServer;
  readonly ask: Ask;
  readonly inQuestion: readonly string[];
  /** The client is distributed and showed no key that was bound at sign-in. */
  readonly isLoose: boolean;
}

function explainScope(
  scope: string,
  spoke: readonly Rule[],
  { server, ask, inQuestion, isLoose }: Setting,
): ScopeExplanation {
  const idsOf = (effect: RuleEffect) =>
    spoke.filter((rule) => rule.effect === effect && rule.scopes.has(scope)).map(({ id }) => id);
  const tell = (outcome: ScopeOutcome, rules: readonly string[], words: string) => ({ scope, outcome, rules, words });

  const risk = server.scopes.get(scope);
  if (risk === undefined) return tell('unknown', [], `${server.id} has no such scope`);
  if (!inQuestion.includes(scope)) {
    return tell('not_asked', [], `not asked for by name, and not granted unasked (${risk} risk)`);
  }
  const [allows, denies, requires] = [idsOf('allow'), idsOf('deny'), idsOf('require')];
  if (denies.length > 0) return tell('denied', denies, `denied by ${denies.join(', ')}`);
  if (allows.length === 0) return tell('not_allowed', [], 'no rule allows it to this person through this client');
  if (isLoose && isHighRisk(server, scope)) {
    const words = `allowed by ${allows.join(', ')}, but high risk: client ${ask.client} is distributed, and no key bound at sign-in was shown`;
    return tell('unbound', requires, words);
  }
  if (requires.length === 0) return tell('granted', allows, `allowed by ${allows.join(', ')}`);
  const hint = ask.scopes ? '' : '; it was not asked for by name, so nobody was sent to sign in again';
  return tell('withheld', requires, `allowed by ${allows.join(', ')}, withheld by ${requires.join(', ')}${hint}`);
}
