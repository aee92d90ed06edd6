import { no, ok, type Result } from '@credence/mcp/protocol';
import type { AccessIndex } from './compile.ts';
import type { Rule, RuleIndex } from './compile-rules.ts';
import { holds } from './conditions.ts';
import { scopesGivenBy } from './issuer-servers.ts';
import type { AccessServer, Ask, Decision, ResourceServer, SignInNeeds, TrustedIssuer } from './model.ts';
import { acrToAskFor, isAs, strongerAcr, type Way } from './sign-in-levels.ts';
import { keepApart } from './together.ts';

/**
 * Denies unless a rule allows; a deny takes its scopes away whatever allows them; a require withholds its scopes until the
 * sign-in is good enough. A distributed client gets no high-risk scope without a key bound at sign-in, whatever allows it
 * (T02), and no session what must never come together with what it has (T34). `because` names the rules that spoke: those about this person, client, one of the scopes in question and the
 * circumstances, and of the requires only those that are not met.
 */
export function decide(index: AccessIndex, ask: Ask): Decision {
  const server = index.servers.get(ask.server);
  const rulesHere = index.rules.get(ask.server);
  const client = index.clients.get(ask.client);
  if (!server || server.isOff || !rulesHere || !client) return { effect: 'deny', scopes: [], because: [] };

  const inQuestion = scopesInQuestion(server, ask);
  const rules = rulesFor(rulesHere, ask, inQuestion);
  const spoke = rules.filter((rule) => rule.effect !== 'require' || !meets(rule.needs, ask));
  const { open, required } = judge(spoke, inQuestion);
  let loose = client.distributed && !ask.keyBound ? open.filter((scope) => isHighRisk(server, scope)) : none;
  let guarded = without(loose, required);
  let scopes = without(loose, without(guarded, open));
  let because: readonly string[] = spoke.map((rule) => rule.id);
  let kept: Pick<Decision, 'keptApart'> | undefined;

  const apart = index.together && keepApart(index.together, ask, scopes, [...guarded, ...loose]);
  if (apart) {
    [scopes, guarded, loose] = [scopes, guarded, loose].map((some) => without(apart.scopes, some)) as [
      Names,
      Names,
      Names,
    ];
    because = [...because, ...apart.rules];
    kept = { keptApart: apart.scopes };
  }
  if (ask.scopes && isKeyEnough(loose, scopes, rules, index.earnable))
    return { effect: 'bind_key', scopes: [], because, ...kept };
  const needs = ask.scopes && needsToEarn(guarded, scopes, rules, index.earnable);
  if (needs) return { effect: 'step_up', scopes: [], because, ...kept, needs: toRequest(needs, ask, index.earnable) };
  if (scopes.length === 0) return { effect: 'deny', scopes, because, ...kept };
  const details = ask.details && { details: detailsGranted(server, ask.details, scopes, spoke) };
  return { effect: 'allow', scopes, because, ...kept, ...details };
}

/**
 * Types of authorization details that go with a granted scope, and that a rule which allows the scope lets through. What
 * denies or guards a scope so denies or guards its types.
 */
export function detailsGranted(
  { detailTypes }: AccessServer,
  asked: readonly string[],
  scopes: readonly string[],
  spoke: readonly Rule[],
): readonly string[] {
  return [...new Set(asked)].filter((type) => {
    const scope = detailTypes.get(type)?.scope;
    return scope !== undefined && scopes.includes(scope) && spoke.some(({ details }) => details.has(type));
  });
}

type Names = readonly string[];
const none: Names = [];

function without(less: readonly string[], scopes: readonly string[]): readonly string[] {
  return less.length === 0 ? scopes : scopes.filter((scope) => !less.includes(scope));
}

/**
 * Whether a key bound at sign-in, and perhaps a better sign-in besides, would open one of these scopes: nobody is told to
 * bring a key in vain, and the sign-in that binds it loses nothing either.
 * @param loose - allowed, and withheld for want of a key
 * @param free - granted without
 */
export function isKeyEnough(
  loose: readonly string[],
  free: readonly string[],
  rules: readonly Rule[],
  earnable: readonly Way[],
): boolean {
  return needsToEarn(loose, free, rules, earnable) !== undefined;
}

/** Scopes that what is on many machines must not open. */
export function isHighRisk({ scopes }: AccessServer, scope: string): boolean {
  return scopes.get(scope) === 'high';
}

/** What was asked for by name and exists, each once; without names, what this server grants unasked. */
export function scopesInQuestion(server: AccessServer, ask: Ask): readonly string[] {
  if (ask.scopes === undefined) return server.defaultScopes;
  return [...new Set(ask.scopes)].filter((scope) => server.scopes.has(scope));
}

/** True when the sign-in was as `needs` says. A sign-in of unknown age is too old. */
export function meets(needs: SignInNeeds, ask: Ask): boolean {
  const { max_age } = needs;
  if (!isAs(needs, ask)) return false;
  return max_age === undefined || (ask.authTime !== undefined && ask.now - ask.authTime <= max_age);
}

/** Rules on the server that are about this person, client, one of these scopes and the circumstances, in document order, each once. */
export function rulesFor(rules: RuleIndex, ask: Ask, scopes: readonly string[]): readonly Rule[] {
  const { person, client } = ask;
  const found: Rule[] = [];
  let isInOrder = true;
  const collect = (some: readonly Rule[] | undefined) => {
    if (!some) return;
    for (const rule of some) {
      if ((rule.through && !rule.through.has(client)) || !isAbout(rule, scopes)) continue;
      if (rule.when && !holds(rule.when, rule.effect, ask)) continue;
      isInOrder &&= rule.position > (found.at(-1)?.position ?? -1);
      found.push(rule);
    }
  };
  collect(rules.everyone);
  if (rules.groups.size > 0) for (const id of person.groups) collect(rules.groups.get(id));
  if (rules.roles.size > 0) for (const id of person.roles) collect(rules.roles.get(id));
  collect(rules.users.get(person.id));
  if (isInOrder) return found;

  found.sort((a, b) => a.position - b.position);
  return found.filter((rule, at) => rule !== found[at - 1]);
}

function isAbout(rule: Rule, scopes: readonly string[]): boolean {
  for (const scope of scopes) if (rule.scopes.has(scope)) return true;
  return false;
}

/** Scopes that some rule allows and none denies, and those of them that a rule guards; each rule is looked at once for each. */
function judge(
  spoke: readonly Rule[],
  scopes: readonly string[],
): { open: readonly string[]; required: readonly string[] } {
  const open: string[] = [];
  const required: string[] = [];
  for (const scope of scopes) {
    let [isAllowed, isDenied, isRequired] = [false, false, false];
    for (const rule of spoke) {
      if (!rule.scopes.has(scope)) continue;
      if (rule.effect === 'allow') isAllowed = true;
      else if (rule.effect === 'deny') isDenied = true;
      else isRequired = true;
    }
    if (!isAllowed || isDenied) continue;
    open.push(scope);
    if (isRequired) required.push(scope);
  }
  return { open, required };
}

/**
 * What the next sign-in must be like so that at least one guarded scope opens; `undefined` when no sign-in could do it,
 * since sending somebody to sign in again in vain would go round in circles (IDP-24). For the same reason it must lose
 * nothing: requires that are met count too, those of the guarded scope and those of the scopes that are free already.
 * @param rules - about this person and client, met or not
 */
export function needsToEarn(
  guarded: readonly string[],
  free: readonly string[],
  rules: readonly Rule[],
  earnable: readonly Way[],
): SignInNeeds | undefined {
  const withNeedsOf = (needs: SignInNeeds | undefined, scope: string) =>
    rules
      .filter(({ effect, scopes }) => effect === 'require' && scopes.has(scope))
      .reduce<SignInNeeds | undefined>((sum, rule) => join(sum, rule.needs), needs);
  if (guarded.length === 0) return undefined;

  const kept = free.reduce<SignInNeeds | undefined>(withNeedsOf, {});
  let needs: SignInNeeds | undefined;
  for (const scope of guarded) {
    const together = withNeedsOf(needs ?? kept, scope);
    if (together && earnable.some((way) => isAs(together, way))) needs = together;
  }
  return needs;
}

/** Both at once, or `undefined` when one sign-in cannot be both. */
function join(one: SignInNeeds | undefined, other: SignInNeeds): SignInNeeds | undefined {
  if (!one) return undefined;
  const acr =
    one.acr !== undefined && other.acr !== undefined ? strongerAcr(one.acr, other.acr) : (one.acr ?? other.acr);
  if (acr === undefined && one.acr !== undefined) return undefined;
  const amr = [...new Set([...(one.amr ?? []), ...(other.amr ?? [])])].sort();
  const ages = [one.max_age, other.max_age].filter((age) => age !== undefined);
  return {
    ...(acr !== undefined && { acr }),
    ...(amr.length > 0 && { amr }),
    ...(ages.length > 0 && { max_age: Math.min(...ages) }),
  };
}

/**
 * The same, with the word that a request for it names. A session that has what the request says answers without a page, however
 * the person signed in: then it has to be a new sign-in (`max_age: 0`), in which they can choose the other method (IDP-24).
 */
export function toRequest(needs: SignInNeeds, ask: Ask, earnable: readonly Way[]): SignInNeeds {
  const acr = acrToAskFor(needs, earnable);
  const isAnswered = meets({ acr, max_age: needs.max_age }, ask);
  return { ...needs, ...(acr !== undefined && { acr }), ...(isAnswered && { max_age: 0 }) };
}

/**
 * Scopes of the access token for an ID-JAG, or why none. The ID-JAG is the ceiling; without a scope claim it is the
 * server's baseline, never everything (RAS-18, RAS-19, RAS-21). A `scope` parameter narrows, and so does what the issuer may
 * give: what it may not is withheld.
 * @param claimed - scopes of the ID-JAG; `undefined` or empty when it has no scope claim
 * @param asked - scopes of the request; a parameter without a value counts as absent (RFC 6749 §3.2)
 */
export function decideResource(
  server: ResourceServer,
  claimed: readonly string[] | undefined,
  asked: readonly string[] | undefined,
  issuer: Pick<TrustedIssuer, 'servers'>,
): Result<readonly string[]> {
  if (claimed?.some((scope) => !server.scopes.has(scope))) return no('id_jag_scope_unknown');
  const ceiling = scopesGivenBy(issuer, server, claimed && claimed.length > 0 ? claimed : server.defaultScopes);
  const scopes = asked && asked.length > 0 ? ceiling.filter((scope) => asked.includes(scope)) : ceiling;
  return scopes.length > 0 ? ok(scopes) : no('scope_not_granted');
}
