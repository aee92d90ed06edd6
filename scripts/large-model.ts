// A large organisation, made from a number: the same one each time.

/** How large. */
export interface Size {
  readonly people: number;
  readonly groups: number;
  readonly servers: number;
  readonly rules: number;
}

export const large: Size = { people: 100_000, groups: 2000, servers: 1000, rules: 10_000 };

export interface LargePerson {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
}

const areas = ['work', 'build', 'design', 'business', 'people', 'data'];
export const clients = ['claude', 'claude-code', 'vscode', 'desk-agent', 'release-agent', 'inspector'];
const verbs = ['read', 'list', 'write', 'admin'];

/** mulberry32: small, and the same on every machine. */
export function createDice(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export function serverName(at: number): string {
  return `${areas[at % areas.length]}-${at}`;
}

/** Everybody in turn: in one large group by where they work, and in a few small ones; some are contractors. */
export function* peopleOf({ people, groups }: Size): Generator<LargePerson> {
  const dice = createDice(1);
  for (let at = 0; at < people; at += 1) {
    const own = new Set([`group-${dice(Math.min(20, groups))}`]);
    for (let more = 2 + dice(6); more > 0; more -= 1) own.add(`group-${dice(groups)}`);
    const roles = dice(25) === 0 ? ['contractor'] : [];
    yield { id: `u_${at}`, email: `person${at}@large.example`, name: `Person ${at}`, groups: [...own], roles };
  }
}

/** The access document, as JSON, which is YAML too. */
export function accessOf({ groups, servers, rules }: Size) {
  const dice = createDice(2);
  const scopesOf = (at: number) =>
    Object.fromEntries(
      verbs
        .slice(0, 2 + (at % 3))
        .map((verb, place) => [
          `${areas[at % areas.length]}:${verb}`,
          { risk: place < 2 ? 'low' : place === 2 ? 'medium' : 'high' },
        ]),
    );
  const all = Array.from({ length: servers }, (_, at) => at);
  const redirect_uris = ['http://localhost/callback'];
  return {
    servers: Object.fromEntries(
      all.map((at) => [
        serverName(at),
        { resource: `https://mcp.large.example/s${at}/mcp`, ras: 'https://mcp.large.example', scopes: scopesOf(at) },
      ]),
    ),
    clients: Object.fromEntries(
      clients.map((id) => [id, { redirect_uris, client_ids: { 'https://mcp.large.example': id } }]),
    ),
    rules: Array.from({ length: rules }, (_, at) => {
      const server = at < servers ? at : dice(servers);
      const scopes = Object.keys(scopesOf(server));
      const on = serverName(server);
      const kind = dice(20);
      if (kind === 0) return { id: `rule-${at}`, deny: scopes.slice(-1), on, to: ['role:contractor'] };
      if (kind === 1) return { id: `rule-${at}`, require: { amr: ['mfa'] }, for: scopes.slice(-1), on };
      const to = [`group:group-${dice(groups)}`, `group:group-${dice(groups)}`];
      const through = dice(5) === 0 ? { through: [clients[dice(clients.length)]] } : {};
      return { id: `rule-${at}`, allow: scopes.slice(0, 1 + dice(scopes.length)), on, to, ...through };
    }),
  };
}
