import { type EpochSeconds, isName } from '@credence/mcp/protocol';
import type { AccessIndex, ResourceIndex } from '../policy/compile.ts';
import { clientIdOf } from '../policy/compile-client.ts';
import { Problem } from '../problem.ts';
import type { Ends, Hit, StopKind } from '../store/stop.ts';
import type { RevokedToken, Store } from '../store/store.ts';
import { issuerMark, keyMark } from './descent.ts';
import { tokensInRecord } from './received.ts';

/** What somebody wants to stop. */
export interface StopOrder {
  readonly kind: StopKind;
  /** Who or what; nothing for everything. */
  readonly target: string;
  readonly reason: string;
  /** `undefined` = until somebody resumes it. */
  readonly endsAt?: EpochSeconds | undefined;
  /** At one side only; `undefined` = wherever it is known. */
  readonly side?: 'idp' | 'ras' | undefined;
  /** Of a key: the issuer that signs with it. `undefined` = every issuer that has a key of this name. */
  readonly issuer?: string | undefined;
}

/** What the installation is made of, as far as a stop has to know. */
export interface StopPlace {
  readonly store: Store;
  /** The newest versions; `undefined` where this installation has no such side. */
  readonly access: AccessIndex | undefined;
  readonly resource: ResourceIndex | undefined;
  readonly idpIssuer: string;
  readonly rasIssuer: string;
  readonly now: EpochSeconds;
  /** Id of somebody whom whoever orders does not hear of: for them there is no such person. */
  readonly hidden?: string | undefined;
}

/** What an order would do, before it is done. */
export interface StopPlan {
  readonly hits: readonly Hit[];
  readonly ends: Ends;
  /** The person that is stopped. */
  readonly personId?: string | undefined;
  /** The one person of the directory whom it concerns. */
  readonly ofPerson?: string | undefined;
  /** Sign-in session that ends with it. */
  readonly session?: string;
  /** Access tokens that are revoked one by one. */
  readonly tokens?: readonly RevokedToken[];
  /** When it is over without further ado, because nothing is left that it could concern. */
  readonly endsAt?: EpochSeconds | undefined;
  /** How many people's agents it stops, as far as the last month tells; `undefined` = nobody can say. */
  readonly people?: number | undefined;
  /** One sentence for people. */
  readonly words: string;
}

const monthMs = 30 * 86_400_000;
/** No ID Token lives longer, and no refresh token outlives its session. */
const longestSessionSeconds = 86_400;
const longestTokenSeconds = 3720;

/** Works out what an order means here. Throws a `Problem` where it means nothing. */
export async function planStop(place: StopPlace, order: StopOrder): Promise<StopPlan> {
  if (!isName(order.reason, 500)) {
    throw new Problem(
      'A stop needs a reason.',
      'Say in up to 500 characters, on one line, why: it goes on the record.',
    );
  }
  if (order.kind !== 'everything' && !isName(order.target, 2048)) {
    throw new Problem(`Which ${order.kind}?`, 'Name it: credence stop --help shows what each is named by.');
  }
  if (order.endsAt !== undefined && order.endsAt <= place.now) {
    throw new Problem('The end of the stop has passed already.', 'Give a time that is still to come, or none.');
  }
  const plan = await plans[order.kind](place, order);
  const hits = plan.hits.filter(
    ({ at }) => order.side === undefined || at === order.side || (at === 'told' && order.side === 'idp'),
  );
  const isEmpty = hits.length === 0 && (plan.tokens ?? []).length === 0;
  if (isEmpty) throw unknown(order, order.side === undefined ? 'here' : `at the side ${order.side}`);
  return { ...plan, hits, ends: order.side === 'ras' ? {} : plan.ends };
}

type Planner = (place: StopPlace, order: StopOrder) => StopPlan | Promise<StopPlan>;

const plans: Readonly<Record<StopKind, Planner>> = {
  person: planPerson,
  client: planClient,
  server: planServer,
  rule: planRule,
  session: planSession,
  token: planToken,
  issuer: planIssuer,
  key: planKey,
  everything: planEverything,
};

async function planPerson({ store, access, resource, hidden }: StopPlace, order: StopOrder): Promise<StopPlan> {
  const { target } = order;
  const person = target.includes('@') ? await store.people.findByEmail(target) : await store.people.find(target);
  if (access && person && person.id !== hidden) {
    const hits: Hit[] = [{ at: 'idp', what: 'person', value: person.id }];
    const words = `stops the agents of ${person.email}: no sign-in, nothing issued, what they hold is dead`;
    return { hits, ends: { person: person.id }, personId: person.id, ofPerson: person.id, people: 1, words };
  }
  if (resource && (await store.stops.hasAccount(target))) {
    const hits: Hit[] = [{ at: 'ras', what: 'account', value: target }];
    return { hits, ends: {}, people: 1, words: `stops the account ${target} at this authorization server` };
  }
  throw unknown(order, 'here');
}

async function planClient({ store, access, resource, rasIssuer, now }: StopPlace, order: StopOrder): Promise<StopPlan> {
  const { target } = order;
  const asking = access?.clients.get(target) ?? access?.clientsByClientId.get(target);
  const there = asking?.clientIds.get(rasIssuer);
  const redeeming =
    resource?.clients.get(target) ??
    resource?.clientsByClientId.get(target) ??
    (there === undefined ? undefined : resource?.clientsByClientId.get(there));
  const hits: Hit[] = [
    ...(asking ? [{ at: 'idp', what: 'client', value: clientIdOf(asking) } as const] : []),
    ...(redeeming ? [{ at: 'ras', what: 'client', value: clientIdOf(redeeming) } as const] : []),
    ...[...(asking?.clientIds ?? [])].map(([ras, value]) => ({ at: 'told', what: 'client', value, ras }) as const),
  ];
  const people = asking && (await store.stops.agents({ client: asking.id, sinceMs: now * 1000 - monthMs }));
  const words = `stops the client ${target}: ${toPeople(people, 'had it act for them in the last 30 days')}`;
  return { hits, ends: asking ? { agents: { client: clientIdOf(asking) } } : {}, people, words };
}

async function planServer({ store, access, resource, now }: StopPlace, order: StopOrder): Promise<StopPlan> {
  const { target } = order;
  const granted =
    access?.servers.get(target) ?? [...(access?.servers.values() ?? [])].find((s) => s.resource === target);
  const guarded =
    resource?.servers.get(target) ??
    resource?.serversByResource.get(target) ??
    (granted && resource?.serversByResource.get(granted.resource));
  const hits: Hit[] = [
    ...(granted ? [{ at: 'idp', what: 'server', value: granted.id } as const] : []),
    ...(guarded ? [{ at: 'ras', what: 'server', value: guarded.resource } as const] : []),
    ...(granted ? [{ at: 'told', what: 'server', value: granted.resource, ras: granted.ras } as const] : []),
  ];
  const people = granted && (await store.stops.agents({ servers: [granted.id], sinceMs: now * 1000 - monthMs }));
  const words = `stops all agents on ${target}: ${toPeople(people, 'used it in the last 30 days')}`;
  return { hits, ends: {}, people, words };
}

async function planRule({ store, access, resource, idpIssuer, now }: StopPlace, order: StopOrder): Promise<StopPlan> {
  const on = [...(access?.rules ?? [])].flatMap(([serverId, { all }]) => {
    const rule = all.find(({ id }) => id === order.target);
    const server = access?.servers.get(serverId);
    return rule && server ? [{ rule, server }] : [];
  });
  const [first] = on;
  if (!first) throw unknown(order, 'in the access document');
  if (first.rule.effect !== 'allow') {
    throw new Problem(
      `The rule ${order.target} allows nothing: without it people would get more, not less.`,
      'Stop a rule that allows, or change this one in the access document.',
    );
  }
  const hits: Hit[] = [{ at: 'idp', what: 'rule', value: order.target }];
  const from = issuerMark(idpIssuer);
  for (const { server } of on) {
    // Nobody can tell from a token on which rule it rests: so all of this server trade theirs for a new one.
    hits.push({ at: 'told', what: 'server', value: server.resource, ras: server.ras, cut: true });
    if (resource?.serversByResource.has(server.resource)) {
      hits.push({ at: 'ras', what: 'server', value: server.resource, from, cut: true });
    }
  }
  const servers = on.map(({ server }) => server.id);
  const people = await store.stops.agents({ servers, sinceMs: now * 1000 - monthMs });
  const words = `stops what rests on the rule ${order.target}, on ${servers.join(', ')}: of the ${toPeople(people, 'used that in the last 30 days')} those whom it lets in; all of them trade their tokens for new ones`;
  return { hits, ends: {}, people, words };
}

async function planSession({ store, now, hidden }: StopPlace, order: StopOrder): Promise<StopPlan> {
  const session = await store.sessions.find(order.target, now);
  if (!session || session.personId === hidden) throw unknown(order, 'here. See: credence session list');
  const hits = session.clients.map(({ sid }) => ({ at: 'idp', what: 'session', value: sid }) as const);
  // A session that no client is part of has nothing to refuse; it ends all the same.
  const all: Hit[] = hits.length > 0 ? hits : [{ at: 'idp', what: 'session', value: session.uid }];
  const person = await store.people.find(session.personId);
  const words = `ends the session ${session.uid} of ${person?.email ?? session.personId} for good, with ${hits.length} ${hits.length === 1 ? 'client' : 'clients'}`;
  return {
    hits: all,
    ends: {},
    ofPerson: session.personId,
    session: session.uid,
    endsAt: now + longestSessionSeconds,
    people: 1,
    words,
  };
}

async function planToken({ store, access, resource, now }: StopPlace, order: StopOrder): Promise<StopPlan> {
  const { target } = order;
  const lines = (await store.audit.findByToken(target)).map(({ body }) => JSON.parse(body) as TokenLine);
  const isAccessToken = lines.some(({ accessToken }) => accessToken === target);
  const tokens = resource ? await tokensInRecord(target, store) : [];
  const hits: Hit[] = [];
  if (!isAccessToken) {
    if (resource) hits.push({ at: 'ras', what: 'id_jag', value: target });
    const audiences = lines.flatMap(({ kind, audience }) => (kind === 'issuance' && audience ? [audience] : []));
    if (access) for (const ras of new Set(audiences)) hits.push({ at: 'told', what: 'id_jag', value: target, ras });
  }
  if (lines.length === 0 && !resource) throw unknown(order, 'on the record');
  const what = isAccessToken ? 'access token' : 'ID-JAG';
  const known = lines.length > 0 ? '' : ' (nothing of it is on the record yet)';
  const given = tokens.length > 0 && !isAccessToken ? ', and the access token that was given for it' : '';
  const words = `ends the ${what} ${target}${known} for good${given}`;
  // What is over after an hour needs no stop that stands for ever.
  return { hits, ends: {}, tokens, endsAt: now + longestTokenSeconds, people: 1, words };
}

interface TokenLine {
  readonly kind?: string;
  readonly accessToken?: string;
  readonly audience?: string;
}

async function planIssuer({ store, resource }: StopPlace, order: StopOrder): Promise<StopPlan> {
  const { target } = order;
  const accounts = resource ? await store.stops.accounts(target) : 0;
  if (!resource || (!resource.trust.has(target) && accounts === 0)) throw unknown(order, 'in the resource document');
  const hits: Hit[] = [{ at: 'ras', what: 'issuer', value: issuerMark(target) }];
  const words = `stops everybody whom ${target} vouches for: ${toPeople(accounts, 'have an account')}`;
  return { hits, ends: {}, people: accounts, words };
}

function planKey({ access, resource }: StopPlace, { target, issuer }: StopOrder): StopPlan {
  if (issuer !== undefined && !resource?.trust.has(issuer)) {
    throw new Problem(
      `${issuer} is no trusted issuer here.`,
      'Name one of the resource document, or leave --issuer out.',
    );
  }
  const issuers = issuer === undefined ? [...(resource?.trust.keys() ?? [])] : [issuer];
  const hits: Hit[] = [
    ...(access && issuer === undefined ? [{ at: 'idp', what: 'key', value: target } as const] : []),
    ...issuers.map((each) => ({ at: 'ras', what: 'key', value: keyMark(each, target) }) as const),
  ];
  const whose = issuer ?? [...(access ? ['our own'] : []), ...(resource ? ['every trusted issuer'] : [])].join(' and ');
  return {
    hits,
    ends: {},
    words: `stops the signing key ${target} of ${whose}: what it signed is dead, and what came of it`,
  };
}

async function planEverything({ store, access, resource, now }: StopPlace): Promise<StopPlan> {
  const hits: Hit[] = [
    ...(access ? [{ at: 'idp', what: 'everything', value: '' } as const] : []),
    ...(resource ? [{ at: 'ras', what: 'everything', value: '' } as const] : []),
    ...(access ? [{ at: 'told', what: 'everything', value: '' } as const] : []),
  ];
  const people = access ? await store.stops.agents({ sinceMs: now * 1000 - monthMs }) : await store.stops.accounts();
  const words = `stops all agents of everybody, on every server: ${toPeople(people, access ? 'had agents in the last 30 days' : 'have an account')}`;
  return { hits, ends: access ? { agents: { client: undefined } } : {}, people, words };
}

function toPeople(people: number | undefined, did: string): string {
  if (people === undefined) return 'nobody here can say for how many people';
  return `${people} ${people === 1 ? 'person' : 'people'} ${did}`;
}

function unknown({ kind, target }: StopOrder, where: string): Problem {
  return new Problem(`There is no ${kind} ${target} ${where}.`, 'See: credence stop --help');
}
