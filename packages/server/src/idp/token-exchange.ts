import {
  type AuthorizationDetail,
  type EpochSeconds,
  mintIdJag,
  no,
  ok,
  type Result,
  tokenType,
} from '@credence/mcp/protocol';
import { type Facts, toDetailFacts } from '../audit/record.ts';
import { type Call, eventId } from '../call.ts';
import { authenticateClient, type ClientRegistry } from '../clients/authenticate.ts';
import { type DpopEndpoint, verifyDpop } from '../clients/dpop.ts';
import { refusalOfPace } from '../clients/waiting.ts';
import type { Signer } from '../keys/signer.ts';
import type { Pace } from '../limits.ts';
import type { AccessIndex } from '../policy/compile.ts';
import { clientIdOf } from '../policy/compile-client.ts';
import { decide } from '../policy/decide.ts';
import { endOfGrant } from '../policy/ends.ts';
import type { AccessClient, AccessServer, Ask, Audience, Decision } from '../policy/model.ts';
import { fitsTogether, newlyHeld, rulesOfAsk, rulesOfSession, type TogetherIndex } from '../policy/together.ts';
import { checkAsking, checkGrant, type StopIndex } from '../stops/judge.ts';
import type { Epoch } from '../store/epoch.ts';
import type { Person, Store } from '../store/store.ts';
import type { BadSubjectToken } from './bad-subject-token.ts';
import { type DecisionPoint, narrow } from './decision-point.ts';
import type { EncryptIdJag } from './encrypt-id-jag.ts';
import { elsewhere, type NetworkWatch } from './network-watch.ts';
import { subjectAt } from './subject.ts';
import { readRefreshToken } from './subject-refresh-token.ts';
import { checkSubjectToken, type IdTokenVerifier, type SubjectToken } from './subject-token.ts';
import { parseTarget, type Target } from './target.ts';

/** What the issuing side works with. Functions are asked anew for every request: nothing here goes stale. */
export interface Idp {
  readonly issuer: string;
  readonly registry: ClientRegistry<AccessClient>;
  readonly policy: () => AccessIndex;
  /** What is stopped, as new as the request. */
  readonly stops: () => StopIndex;
  readonly store: Store;
  readonly epoch: () => Epoch;
  readonly idTokens: IdTokenVerifier;
  readonly signer: () => Signer;
  readonly encrypt: EncryptIdJag;
  readonly idJagLifetimeSeconds: number;
  readonly skewSeconds: number;
  readonly dpop: DpopEndpoint;
  /** Asked after the rules, where there is one. */
  readonly decisionPoint?: DecisionPoint | undefined;
  /** One person's grants, through whichever clients (IDP-38). */
  readonly pace: Pace;
  /** Those of one client that has proven who it is. */
  readonly clientPace: Pace;
  readonly networks: NetworkWatch;
  /** Puts on the record what somebody should look at; resolves when it is durable. */
  readonly alert: (facts: Facts, address: string) => Promise<void>;
  /** What clients are told of a bad subject token; `invalid_grant` when absent. */
  readonly badSubjectToken?: BadSubjectToken;
  /** Makes pairwise subjects; whoever does not know it cannot tell whose they are. Never changes (IDP-26). */
  readonly subjectSecret: string;
}

/** A token endpoint's answer, as it goes on the wire (RFC 6749 §5.1, RFC 8693 §2.2.1). */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: 'N_A' | 'Bearer';
  readonly expires_in: number;
  readonly scope: string;
  readonly issued_token_type?: string;
  readonly resource?: string;
  readonly authorization_details?: readonly AuthorizationDetail[];
}

/** The person behind the subject token, as the directory has them now, and how they signed in. */
interface SignedIn {
  readonly person: Person;
  readonly token: SubjectToken;
}

/** POST /token, token exchange (leg 1). Draft §4.3: an ID Token in, an ID-JAG out. */
export async function tokenExchange(call: Call, idp: Idp): Promise<Result<TokenResponse>> {
  const authenticated = authenticateClient(call, idp.registry);
  const client = authenticated instanceof Promise ? await authenticated : authenticated;
  if (!client.ok) return client;
  const allowed = checkGrantAllowed(client.value);
  if (!allowed.ok) return allowed;
  const tooFast = refusalOfPace(call, client.value, idp.clientPace);
  if (tooFast) return no(tooFast);
  // An exception that somebody made for this client: it stands on each of its records (interop.md 7).
  if (client.value.public) call.note({ detail: 'public client: anybody can claim to be it' });
  const signedIn = await verifySubjectToken(call, client.value, idp);
  if (!signedIn.ok) return signedIn;
  const target = parseTarget(call, client.value, idp.policy());
  if (!target.ok) return target;

  const policy = idp.policy();
  const audience = policy.audiences.get(target.value.server.ras);
  const { tenant } = signedIn.value.token;
  if (tenant !== undefined && tenant !== audience?.tenant) return no('subject_token_other_tenant');

  const boundKey = verifyDpop(call, idp.dpop);
  if (!boundKey.ok) return boundKey;
  const { keyThumbprint } = signedIn.value.token;
  if (keyThumbprint !== undefined && boundKey.value !== keyThumbprint) return no('subject_token_other_key');
  const alert = client.value.distributed && elsewhere(call, client.value, signedIn.value.token, idp.networks);
  if (alert) await idp.alert(alert, call.address);

  const together =
    policy.together && rulesOfSession(policy.together, { client: client.value.id, server: target.value.server.id });
  const isKeptApart = together !== undefined && together.length > 0;
  const { session } = signedIn.value.token;
  const held = isKeptApart ? await idp.store.held.of(session) : undefined;
  const ask = toAsk(call, client.value, signedIn.value, target.value, held);
  const decided = decide(policy, ask);
  noteDecision(call, policy.version, ask, decided);
  if (policy.trial) noteTrial(call, decide(policy.trial, ask), decided);
  if (decided.effect !== 'allow') return refusalOf(decided, ask, policy);
  const narrowed = idp.decisionPoint
    ? await askOutside(call, idp.decisionPoint, ask, decided, target.value.server)
    : ok(decided);
  if (!narrowed.ok) return narrowed;
  const decision = narrowed.value;

  const stops = idp.stops();
  if (!stops.none) {
    const { because } = decision;
    const stopped = checkGrant(stops, { server: target.value.server.id, because, kid: idp.signer().kid });
    if (stopped) return no(stopped);
  }

  if (policy.together && isKeptApart) hold(call, policy.together, ask, session, decision.scopes);
  const details = chooseDetails(call, target.value.details, decision);
  if (!details.ok) return details;

  const { server, clientId } = target.value;
  // What a rule allows until a time ends then, wherever it is by that time (RAS-34).
  const end = policy.endings && endOfGrant(policy, ask, decision);
  const lifetimeSeconds =
    end === undefined ? idp.idJagLifetimeSeconds : Math.min(idp.idJagLifetimeSeconds, end - call.now);
  const grant = {
    issuer: idp.issuer,
    ...toSubject(signedIn.value.person, server.ras, audience, idp),
    audSub: audience?.audSub ? await idp.store.people.idAt(signedIn.value.person.id, server.ras) : undefined,
    audience: server.ras,
    clientId,
    resource: server.resource,
    scopes: decision.scopes,
    details: details.value,
    id: eventId(),
    now: call.now,
    lifetimeSeconds,
    authTime: ask.authTime,
    sessionExpiry: end,
    acr: ask.acr,
    amr: ask.amr.length > 0 ? ask.amr : undefined,
    keyThumbprint: boundKey.value,
    certificateThumbprint: boundCertificate(call, client.value, boundKey.value),
    epoch: idp.epoch().id || undefined,
  };
  const signed = await mintIdJag(grant, idp.signer());
  const idJag = audience?.encryption ? await idp.encrypt(signed, audience) : signed;
  if (idJag === undefined) return no('ras_key_unavailable');
  // Not before: of what was never given out there is a decision on the record, and no ID-JAG (LOG-03).
  call.recordAs('issuance');
  call.note({ idJag: grant.id, scopesGranted: decision.scopes });
  return ok({
    access_token: idJag,
    issued_token_type: tokenType.idJag,
    token_type: 'N_A',
    expires_in: lifetimeSeconds,
    scope: decision.scopes.join(' '),
    resource: server.resource,
    ...(details.value && { authorization_details: details.value }),
  });
}

/**
 * The certificate that the ID-JAG is bound to, where the entry of the client says so. A key whose possession was proven in the
 * request takes its place: one ID-JAG is never bound to both (IDP-31, IDP-32).
 */
function boundCertificate(call: Call, { tls }: AccessClient, key: string | undefined): string | undefined {
  return tls?.bound && key === undefined ? call.certificate?.()?.thumbprint : undefined;
}

/** Who the person is towards one RAS: the same everywhere, or an id that only this RAS sees; e-mail only where it is needed. */
function toSubject({ id, email }: Person, ras: string, audience: Audience | undefined, { subjectSecret }: Idp) {
  return {
    subject: subjectAt(id, ras, audience, subjectSecret),
    email: audience?.email ? email : undefined,
    tenant: audience?.tenant,
    audTenant: audience?.audTenant,
  };
}

function checkGrantAllowed(client: AccessClient): Result<void> {
  if (client.document?.mayExchange === false) return no('client_grant_not_listed');
  if (client.exchange ?? !client.public) return ok(undefined);
  return no(client.public ? 'client_is_public' : 'client_not_enabled');
}

/** Draft §4.3.3: the subject token is ours, for this client and live, and the person and the session still stand (IDP-13). */
async function verifySubjectToken(call: Call, client: AccessClient, idp: Idp): Promise<Result<SignedIn>> {
  const { form, now } = call;
  const subjectToken = form.get('subject_token');
  const subjectTokenType = form.get('subject_token_type');
  const requestedType = form.get('requested_token_type');
  if (!subjectToken || !subjectTokenType || !requestedType) return no('missing_parameter');
  if (requestedType !== tokenType.idJag) return no('requested_type_unsupported');
  if (subjectTokenType !== tokenType.idToken && subjectTokenType !== tokenType.refreshToken) {
    return no('subject_type_unsupported');
  }
  // B10: an ID Token has three parts, a refresh token of ours has no dot; a value of the other kind was sent by mistake.
  const isJwt = subjectToken.split('.').length === 3;
  if (isJwt !== (subjectTokenType === tokenType.idToken)) return no('subject_token_not_of_type');
  if (form.get('actor_token') || form.get('actor_token_type')) return no('actor_token_refused');

  const token =
    subjectTokenType === tokenType.idToken
      ? verifyIdToken(subjectToken, client, idp, now)
      : await readRefreshToken(subjectToken, { clientId: clientIdOf(client), now }, idp.store.artifacts);
  if (!token.ok) return token;
  call.note({ person: token.value.personId, session: token.value.session });

  const stops = idp.stops();
  const { personId, kid, issuedAt } = token.value;
  if (!stops.none) {
    const who = { client: clientIdOf(client), person: personId, session: token.value.session };
    const stopped = checkAsking(stops, { ...who, kid, issuedAt });
    if (stopped) return no(stopped);
  }
  const person = await idp.store.people.find(token.value.personId);
  if (!person) return no('person_unknown');
  if (!person.active) return no('person_inactive');
  if (!(await idp.store.artifacts.sessionStands(token.value.session, now))) return no('session_ended');
  // Last: an agent that has been ended takes nothing of what the others of its person may ask for.
  if (!idp.pace.take(person.id)) return no('person_too_fast');
  return ok({ person, token: token.value });
}

function verifyIdToken(text: string, client: AccessClient, idp: Idp, now: EpochSeconds): Result<SubjectToken> {
  const verified = idp.idTokens.verify(text);
  if (!verified.ok) return verified;
  const { issuer, skewSeconds } = idp;
  return checkSubjectToken(verified.value, { issuer, clientId: clientIdOf(client), now, skewSeconds });
}

/** Details of the types that were decided for; when none is left, the client is told so instead of being given less. */
function chooseDetails(
  call: Call,
  asked: readonly AuthorizationDetail[] | undefined,
  decision: Decision,
): Result<readonly AuthorizationDetail[] | undefined> {
  if (!asked) return ok(undefined);
  const granted = asked.filter(({ type }) => decision.details?.includes(type));
  if (granted.length === 0) return no('authorization_details_not_granted');
  call.note(toDetailFacts(granted));
  return ok(granted);
}

function toAsk(
  call: Call,
  client: AccessClient,
  { person, token }: SignedIn,
  target: Target,
  held: readonly string[] | undefined,
): Ask {
  return {
    person: { id: person.id, groups: person.groups, roles: person.roles },
    client: client.id,
    server: target.server.id,
    scopes: target.scopes,
    ...(target.details && { details: target.details.map(({ type }) => type) }),
    acr: token.acr,
    amr: token.amr,
    authTime: token.authTime,
    now: call.now,
    address: call.address,
    ...(client.distributed && { keyBound: token.keyThumbprint !== undefined }),
    ...(held && { held }),
  };
}

/** The version and every input go on the record, so that the decision can be computed again (design.md §4.7). */
function noteDecision(call: Call, version: number, ask: Ask, decision: Decision): void {
  const { effect, because, needs, keptApart } = decision;
  const { acr, amr, authTime, now, keyBound, held } = ask;
  const { groups, roles } = ask.person;
  call.recordAs('decision');
  call.note({
    policy: { kind: 'access', version },
    inputs: {
      groups,
      roles,
      acr,
      amr,
      authTime,
      now,
      ...(keyBound !== undefined && { keyBound }),
      ...(held && { held }),
    },
    decision: needs ? { effect, because, needs } : { effect, because },
    ...(keptApart && { keptApart }),
  });
}

/**
 * What is granted counts as held by the session, in the same durable step. What it holds by then may be more than was read: of
 * two requests at once that must not both win, on any two nodes, the later one is decided again (T34).
 */
function hold(call: Call, index: TogetherIndex, ask: Ask, session: string, granted: readonly string[]): void {
  const adds = newlyHeld(rulesOfSession(index, ask), ask.server, granted, ask.held ?? []);
  if (adds.length === 0) return;
  const rules = rulesOfAsk(index, ask);
  const fits = (held: readonly string[]) => fitsTogether(rules, held, adds);
  call.hold({ session, adds, until: call.now + longestSessionSeconds, fits });
}

/** The longest life of a session that the configuration allows. What one holds is kept for as long as it lasts in any case. */
const longestSessionSeconds = 86_400;

/** What another decision point leaves of it. Without its answer there is nothing. */
async function askOutside(
  call: Call,
  decisionPoint: DecisionPoint,
  ask: Ask,
  decided: Decision,
  server: AccessServer,
): Promise<Result<Decision>> {
  const scopes = await decisionPoint.letThrough({ ask, server, scopes: decided.scopes, requestId: call.id });
  if (!scopes) return no('decision_point_unavailable');
  const withheld = decided.scopes.filter((scope) => !scopes.includes(scope));
  if (withheld.length > 0) call.note({ withheldOutside: withheld });
  return scopes.length === 0 ? no('decision_point_denied') : ok(narrow(decided, scopes, server));
}

/** What the rules that only report would have made of it, where that is something else. */
function noteTrial(call: Call, trial: Decision, decision: Decision): void {
  const { effect, scopes, because, details, needs } = trial;
  const isSame = outcomeOf(trial) === outcomeOf(decision);
  if (!isSame) call.note({ trial: { effect, scopes, because, ...(details && { details }), ...(needs && { needs }) } });
}

/** What a decision comes to, whichever rules made it. */
function outcomeOf({ effect, scopes, details, needs }: Decision): string {
  return JSON.stringify([effect, scopes, details, needs?.acr, needs?.amr, needs?.max_age]);
}

/** A denial tells apart "nothing here for you" from "not these scopes" (IDP-19, IDP-20, IDP-24). */
function refusalOf(decision: Decision, ask: Ask, policy: AccessIndex): Result<never> {
  if (decision.effect === 'step_up') return no('step_up_needed');
  if (decision.effect === 'bind_key') return no('client_key_not_bound');
  if (decision.keptApart) return no('scopes_kept_apart');
  const everything = [...(policy.servers.get(ask.server)?.scopes.keys() ?? [])];
  const isNothingAtAll = decide(policy, { ...ask, scopes: everything }).effect === 'deny';
  return no(isNothingAtAll ? 'policy_denied' : 'policy_no_scope');
}
