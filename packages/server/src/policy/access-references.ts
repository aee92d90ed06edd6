import { AccessClientEntry, AccessServerEntry, RuleEntry, TogetherEntry } from './access-document.ts';
import { chosenScopes } from './compile-rules.ts';
import { cidr } from './document-words.ts';
import {
  childOf,
  entriesOf,
  type Finding,
  firstFindings,
  namesOf,
  type ReadPart,
  readAlone,
  sameMetadata,
  unknownDetailScopes,
  unknownName,
  unknownScopes,
} from './references.ts';
import { toScopes } from './scopes.ts';

type Servers = Map<string, AccessServerEntry | undefined>;

/** What rules can name, and how they are read. */
interface Around {
  readonly servers: Servers;
  readonly clients: Map<string, unknown>;
  readonly read: ReadPart;
}

/**
 * What an access document says in one place about another must be so. Works on a document with other mistakes too.
 * @param read - how its parts are read
 */
export function checkAccessReferences(raw: unknown, read: ReadPart = readAlone): Finding[] {
  const servers = entriesOf(raw, 'servers', AccessServerEntry, read);
  const clients = entriesOf(raw, 'clients', AccessClientEntry, read);
  return firstFindings(
    checkServers(servers),
    checkClientIds(childOf(raw, 'clients')),
    sameMetadata(childOf(raw, 'clients')),
    checkRules(childOf(raw, 'rules'), { servers, clients, read }),
    checkTogether(raw, { servers, clients, read }),
    checkNetworks(childOf(raw, 'rules'), new Set(Object.keys(childOf(raw, 'networks') ?? {})), read),
  );
}

function* checkServers(servers: Servers): Generator<Finding> {
  const owners = new Map<string, string>();
  for (const [id, server] of servers) {
    if (!server) continue;
    yield* unknownScopes(server.default_scopes, server.scopes, ['servers', id, 'default_scopes']);
    yield* unknownDetailScopes(server.authorization_details, server.scopes, ['servers', id, 'authorization_details']);
    const target = server.local === undefined ? `${server.ras} ${server.resource}` : `local ${server.local}`;
    const owner = owners.get(target);
    if (owner) yield { path: ['servers', id], message: `is the same resource as servers.${owner}`, atKey: true };
    else owners.set(target, id);
  }
}

/** An ID-JAG names the client as the RAS knows it: two clients under one name there would be one (IDP-25). */
function* checkClientIds(clients: unknown): Generator<Finding> {
  const owners = new Map<string, string>();
  for (const [id, client] of Object.entries(clients ?? {})) {
    for (const [ras, idThere] of Object.entries(childOf(client, 'client_ids') ?? {})) {
      const owner = owners.get(`${ras} ${idThere}`);
      const message = `client ${owner} has the id ${idThere} at ${ras} already; each client needs its own (IDP-25)`;
      if (owner !== undefined) yield { path: ['clients', id, 'client_ids', ras], message };
      else owners.set(`${ras} ${idThere}`, id);
    }
  }
}

function* checkRules(rules: unknown, { servers, clients, read }: Around): Generator<Finding> {
  if (!Array.isArray(rules)) return;
  const ids = new Map<unknown, number>();
  for (const [at, rule] of rules.entries()) {
    const id = childOf(rule, 'id');
    const first = ids.get(id);
    if (first !== undefined && id !== undefined) {
      yield { path: ['rules', at, 'id'], message: `rules[${first}] has the id ${id} already; each rule needs its own` };
    } else ids.set(id, at);

    const data = read(rule, RuleEntry);
    if (!data) continue;
    for (const [where, server] of [data.on].flat().entries()) {
      const path = Array.isArray(data.on) ? ['rules', at, 'on', where] : ['rules', at, 'on'];
      if (!servers.has(server)) yield { path, message: unknownName('server', server, servers.keys()) };
    }
    for (const [where, client] of (data.through ?? []).entries()) {
      const path = ['rules', at, 'through', where];
      if (!clients.has(client)) yield { path, message: unknownName('client', client, clients.keys()) };
    }
    yield* checkScopes(data, at, servers);
    yield* checkDetails(data, at, servers);
  }
}

/** Rules on what must never come together: known names, an id of its own, and no scope that by itself would be all of it. */
function* checkTogether(raw: unknown, { servers, clients, read }: Around): Generator<Finding> {
  const entries = childOf(raw, 'never_together');
  if (!Array.isArray(entries)) return;
  const rules = childOf(raw, 'rules');
  const owners = new Map((Array.isArray(rules) ? rules : []).map((rule, at) => [childOf(rule, 'id'), `rules[${at}]`]));
  for (const [at, entry] of entries.entries()) {
    const root = ['never_together', at];
    const id = childOf(entry, 'id');
    const owner = owners.get(id);
    if (owner !== undefined && id !== undefined) {
      yield { path: [...root, 'id'], message: `${owner} has the id ${id} already; each rule needs its own` };
    } else owners.set(id, `never_together[${at}]`);

    const data = read(entry, TogetherEntry);
    if (!data) continue;
    for (const [where, client] of (data.through ?? []).entries()) {
      const path = [...root, 'through', where];
      if (!clients.has(client)) yield { path, message: unknownName('client', client, clients.keys()) };
    }
    yield* checkSides(data, root, servers);
  }
}

function* checkSides({ sides }: TogetherEntry, root: Finding['path'], servers: Servers): Generator<Finding> {
  const on = new Map<string, number>();
  for (const [name, side] of Object.entries(sides)) {
    for (const [id, chosen] of Object.entries(side)) {
      const path = [...root, 'sides', name, id];
      const server = servers.get(id);
      if (!servers.has(id)) yield { path, message: unknownName('server', id, servers.keys()), atKey: true };
      if (!server) continue;
      const known = namesOf(Object.keys(server.scopes));
      for (const [where, scope] of (Array.isArray(chosen) ? chosen : []).entries()) {
        const message = `${id} has no scope ${scope}; known: ${known}`;
        if (!Object.hasOwn(server.scopes, scope)) yield { path: [...path, where], message };
      }
      const meant = chosenScopes(chosen, 'deny', { scopes: toScopes(server.scopes) });
      for (const scope of new Set(meant)) on.set(`${id} ${scope}`, (on.get(`${id} ${scope}`) ?? 0) + 1);
    }
  }
  for (const [scope, count] of on) {
    const message = `${scope} is on every side, so that nobody would ever get it; deny it, or take it from one side`;
    if (count === Object.keys(sides).length) yield { path: [...root, 'sides'], message };
  }
}

function* checkNetworks(rules: unknown, known: ReadonlySet<string>, read: ReadPart): Generator<Finding> {
  if (!Array.isArray(rules)) return;
  for (const [at, rule] of rules.entries()) {
    for (const key of ['from', 'not_from'] as const) {
      const networks = read(childOf(rule, key), RuleEntry.shape[key]);
      for (const [where, network] of (networks ?? []).entries()) {
        if (known.has(network) || cidr.safeParse(network).success) continue;
        yield { path: ['rules', at, key, where], message: unknownName('network', network, known) };
      }
    }
  }
}

/** A rule on several servers may name a scope that only some of them have, but not one that none has. */
function* checkScopes(rule: RuleEntry, at: number, servers: Servers): Generator<Finding> {
  const targets = [rule.on].flat().map((server) => servers.get(server));
  if (!targets.every((server) => server !== undefined)) return; // told already
  for (const key of ['allow', 'deny', 'for'] as const) {
    const chosen = rule[key];
    if (!Array.isArray(chosen)) continue;
    const known = new Set(targets.flatMap(({ scopes }) => Object.keys(scopes)));
    for (const [where, scope] of chosen.entries()) {
      if (known.has(scope)) continue;
      const message = `${namesOf([rule.on].flat())} has no scope ${scope}; known: ${namesOf(known)}`;
      yield { path: ['rules', at, key, where], message };
    }
  }
}

/** A rule can let a type through only together with the scope it goes with, on one of its servers. */
function* checkDetails({ on, allow, details }: RuleEntry, at: number, servers: Servers): Generator<Finding> {
  if (details === undefined || details === 'all') return;
  const targets = [on].flat().map((server) => servers.get(server));
  if (!targets.every((server) => server !== undefined)) return;
  const types = Map.groupBy(
    targets.flatMap((server) => Object.entries(server.authorization_details)),
    ([type]) => type,
  );
  for (const [where, name] of details.entries()) {
    const path = ['rules', at, 'details', where];
    const scopes = (types.get(name) ?? []).map(([, { scope }]) => scope);
    const message = `goes with the scope ${scopes.join(' or ')}, which this rule does not allow`;
    if (scopes.length === 0)
      yield {
        path,
        message: unknownName('type', name, types.keys()),
      };
    else if (Array.isArray(allow) && !scopes.some((scope) => allow.includes(scope))) yield { path, message };
  }
}
