import type { EpochSeconds } from '@credence/mcp/protocol';
import { clientsAt, personOf } from './audience.ts';
import type { AccessIndex } from './compile.ts';
import type { Rule } from './compile-rules.ts';
import { isHighRisk } from './decide.ts';
import type { AccessClient, AccessServer, Ask } from './model.ts';
import { grantedAtBest } from './reach.ts';
import { rulesOfAsk, toHeld } from './together.ts';

/** What a request still has to be like where a path is open: by the rule that says so, where one does. */
export interface PathCondition {
  readonly about: 'network' | 'hours' | 'until' | 'sign_in' | 'deny' | 'key' | 'session';
  readonly rule: string | undefined;
}

/** Where a path ends, and the rule that ends it where it is another than the path's own. */
export interface PathStop {
  readonly at: 'person' | 'until' | 'client' | 'exchange' | 'server' | 'deny' | 'sign_in';
  readonly rule: string | undefined;
}

/** One way from somebody to scopes of a server: whom the rule names, the rule, the client; or how far it goes. */
export interface Path {
  /** As the rule names it: `group:engineering`. */
  readonly subject: string;
  readonly rule: string;
  /** `undefined` where it ends before any client. */
  readonly client: string | undefined;
  readonly server: string;
  /** Scopes of which all of this is true alike. */
  readonly scopes: readonly string[];
  readonly state: 'allowed' | 'conditional' | 'refused';
  readonly conditions: readonly PathCondition[];
  readonly stop: PathStop | undefined;
}

/** Where paths are looked for: at a server, through one client or any, to one scope or any. */
export interface PathView {
  readonly server: AccessServer;
  readonly client?: string | undefined;
  readonly scope?: string | undefined;
  readonly now: EpochSeconds;
}

/** What all paths of one person at one server are judged in. */
interface Scene extends PathView {
  readonly index: AccessIndex;
  readonly person: Ask['person'];
  /** Rules on the server about this person that have not ended. */
  readonly about: readonly Rule[];
  readonly granted: (client: string) => ReadonlySet<string>;
}

/**
 * Every way from one person to a server: what `decide()` gives them after the best sign-in and in the best circumstances, by the
 * rule and client that it comes through, and each rule that gives them nothing with the first thing that it fails at. The nearest
 * misses come last: rules about others, those first that would give something new.
 */
export function pathsOfPerson(index: AccessIndex, person: Ask['person'], view: PathView): readonly Path[] {
  const own = new Set(['everyone', ...subjectsOfPerson(person)]);
  const rules = allowing(index, view);
  const scene = sceneOf(index, person, own, view);
  const open = rules.flatMap((rule) =>
    rule.to.filter((subject) => own.has(subject)).flatMap((subject) => pathsOfRule(rule, subject, scene)),
  );
  const missed = rules.filter(({ to }) => !to.some((subject) => own.has(subject)));
  const had = new Set(open.filter(({ state }) => state !== 'refused').flatMap(({ scopes }) => scopes));
  const failures = (rule: Rule) => (isOver(rule, view.now) ? 1 : 0) + (view.client && !goes(rule, view.client) ? 1 : 0);
  const news = ({ scopes }: Rule) => [...scopes].filter((scope) => !had.has(scope)).length;
  missed.sort(
    (a, b) => failures(a) - failures(b) || Math.sign(news(b)) - Math.sign(news(a)) || a.position - b.position,
  );
  return [
    ...open,
    ...refusing(scene, own),
    ...missed.map((rule) => ended(rule, rule.to[0] ?? 'everyone', view, { at: 'person', rule: undefined })),
  ];
}

/**
 * The same where nobody is named: each group, role or person that a rule on the server names, as somebody of whom no more is known.
 * What another group of theirs adds or takes away is theirs, and is not here.
 */
export function pathsOfSubjects(index: AccessIndex, view: PathView): readonly Path[] {
  const rules = allowing(index, view);
  const sceneFor = (subject: string) => sceneOf(index, personOf([subject]), new Set(['everyone', subject]), view);
  const scenes = new Map(rules.flatMap(({ to }) => to).map((subject) => [subject, sceneFor(subject)]));
  const open = rules.flatMap((rule) =>
    rule.to.flatMap((subject) => pathsOfRule(rule, subject, scenes.get(subject) as Scene)),
  );
  const named = new Set(index.rules.get(view.server.id)?.all.flatMap(({ to }) => to));
  return [...open, ...refusing({ ...sceneFor('everyone'), about: living(index, view) }, named)];
}

/**
 * How many steps it is at most to find all ways to a server: each rule that gives something, by whom it names, client and scope, beside each
 * rule there. Ten million take about a second.
 */
export function stepsOf(index: AccessIndex, view: PathView, ofPerson: boolean): number {
  const all = index.rules.get(view.server.id)?.all ?? [];
  const clients = view.client === undefined ? Math.max(1, clientsAt(index, view.server).length) : 1;
  const ways = allowing(index, view).map(
    ({ to, scopes }) => (ofPerson ? 1 : to.length) * (view.scope === undefined ? scopes.size : 1),
  );
  return all.length * clients * ways.reduce((sum, some) => sum + some, 0);
}

/** Rules that give something that is looked for, through the client that is named, and have not ended. */
export function giving(index: AccessIndex, view: PathView): readonly Rule[] {
  const { client, now } = view;
  return allowing(index, view).filter((rule) => !isOver(rule, now) && (client === undefined || goes(rule, client)));
}

/** Rules that would give something that is looked for. */
function allowing(index: AccessIndex, { server, scope }: PathView): readonly Rule[] {
  const all = index.rules.get(server.id)?.all ?? [];
  return all.filter(({ effect, scopes }) => effect === 'allow' && (scope === undefined || scopes.has(scope)));
}

function living(index: AccessIndex, { server, now }: PathView): readonly Rule[] {
  return (index.rules.get(server.id)?.all ?? []).filter((rule) => !isOver(rule, now));
}

function sceneOf(index: AccessIndex, person: Ask['person'], own: ReadonlySet<string>, view: PathView): Scene {
  const known = new Map<string, ReadonlySet<string>>();
  return {
    ...view,
    index,
    person,
    about: living(index, view).filter(({ to }) => to.some((subject) => own.has(subject))),
    granted: (client) => {
      const set = known.get(client) ?? new Set(grantedAtBest(index, { person, client, server: view.server }, view.now));
      known.set(client, set);
      return set;
    },
  };
}

function pathsOfRule(rule: Rule, subject: string, scene: Scene): readonly Path[] {
  const { index, server, now } = scene;
  const stopped = (at: PathStop['at']) => [ended(rule, subject, scene, { at, rule: undefined })];
  if (isOver(rule, now)) return stopped('until');
  if (server.isOff) return stopped('server');
  const wanted = scene.client === undefined ? undefined : index.clients.get(scene.client);
  const coming = clientsAt(index, server).filter(({ id }) => scene.client === undefined || id === scene.client);
  if (wanted && coming.length === 0) {
    return [{ ...ended(rule, subject, scene, { at: 'exchange', rule: undefined }), client: wanted.id }];
  }
  const through = coming.filter(({ id }) => goes(rule, id));
  return through.length === 0
    ? stopped('client')
    : through.flatMap((client) => throughOne(rule, subject, client, scene));
}

/** Scopes of which the same is true are one path. */
function throughOne(rule: Rule, subject: string, client: AccessClient, scene: Scene): readonly Path[] {
  const found = new Map<string, Path>();
  for (const scope of scopesOf(rule, scene)) {
    const isOpen = scene.granted(client.id).has(scope);
    const conditions = isOpen ? conditionsOf(rule, client, scope, scene) : [];
    const stop = isOpen ? undefined : stopOf(client, scope, scene);
    const key = JSON.stringify([isOpen, conditions, stop]);
    const scopes = [...(found.get(key)?.scopes ?? []), scope];
    const state = isOpen ? (conditions.length === 0 ? 'allowed' : 'conditional') : 'refused';
    const where = { subject, rule: rule.id, client: client.id, server: scene.server.id };
    found.set(key, { ...where, scopes, state, conditions, stop });
  }
  return [...found.values()];
}

function conditionsOf({ id, when }: Rule, client: AccessClient, scope: string, scene: Scene): readonly PathCondition[] {
  const { index, server, person, now } = scene;
  const found: PathCondition[] = [];
  const add = (about: PathCondition['about'], rule?: string) => found.push({ about, rule });
  if (when?.until !== undefined) add('until', id);
  if (when?.from || when?.notFrom) add('network', id);
  if (when?.hours) add('hours', id);
  for (const rule of speakingOf(scope, client, scene)) {
    if (rule.effect === 'require') add('sign_in', rule.id);
    if (rule.effect === 'deny') add('deny', rule.id);
  }
  if (client.distributed && isHighRisk(server, scope)) add('key');
  const ask = { person, client: client.id, server: server.id, scopes: undefined, amr: [], now } as const;
  const apart = index.together ? rulesOfAsk(index.together, { ...ask, acr: undefined, authTime: undefined }) : [];
  for (const { id: rule, sides } of apart) {
    if (sides.some(({ scopes }) => scopes.has(toHeld(server.id, scope)))) add('session', rule);
  }
  return found;
}

/** What keeps a scope that the rule gives from being had: a refusal that always speaks, or a sign-in that nobody can have. */
function stopOf(client: AccessClient, scope: string, scene: Scene): PathStop {
  const about = speakingOf(scope, client, scene);
  const deny = about.find((rule) => rule.effect === 'deny' && isAlways(rule));
  if (deny) return { at: 'deny', rule: deny.id };
  return { at: 'sign_in', rule: about.findLast(({ effect }) => effect === 'require')?.id };
}

/** A path for each refusal that always speaks: so it is seen also where nothing is given that it could take away. */
function refusing(scene: Scene, own: ReadonlySet<string>): readonly Path[] {
  const denies = scene.about.filter((rule) => rule.effect === 'deny' && isAlways(rule));
  const meant = denies.filter(
    (rule) =>
      (scene.client === undefined || goes(rule, scene.client)) &&
      (scene.scope === undefined || rule.scopes.has(scene.scope)),
  );
  return meant.flatMap((rule) =>
    rule.to
      .filter((subject) => own.has(subject))
      .map((subject) => ended(rule, subject, scene, { at: 'deny', rule: rule.id })),
  );
}

function ended(rule: Rule, subject: string, view: PathView, stop: PathStop): Path {
  const where = { subject, rule: rule.id, client: undefined, server: view.server.id };
  return { ...where, scopes: scopesOf(rule, view), state: 'refused', conditions: [], stop };
}

function scopesOf({ scopes }: Rule, { scope }: PathView): readonly string[] {
  return scope === undefined ? [...scopes] : [scope];
}

function speakingOf(scope: string, { id }: AccessClient, { about }: Scene): readonly Rule[] {
  return about.filter((rule) => rule.scopes.has(scope) && goes(rule, id));
}

function goes({ through }: Rule, client: string): boolean {
  return !through || through.has(client);
}

function isOver({ when }: Rule, now: EpochSeconds): boolean {
  return when?.until !== undefined && now >= when.until;
}

/** Whether it speaks wherever and whenever it is asked. */
function isAlways({ when }: Rule): boolean {
  return (when?.from ?? when?.notFrom ?? when?.hours) === undefined;
}

/** What somebody is, as rules name it. */
export function subjectsOfPerson({ id, groups, roles }: Ask['person']): readonly string[] {
  return [...groups.map((group) => `group:${group}`), ...roles.map((role) => `role:${role}`), `user:${id}`];
}
