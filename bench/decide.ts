import { compileAccess } from '../packages/server/src/policy/compile.ts';
import { decide } from '../packages/server/src/policy/decide.ts';
import type { Ask } from '../packages/server/src/policy/model.ts';
import { parsePolicy } from '../packages/server/src/policy/parse.ts';

/** What `decide()` costs for a person in 20 groups, under a policy of this size. */
export interface DecideCost {
  readonly rules: number;
  readonly servers: number;
  readonly micros: number;
}

const ras = 'https://mcp.acme.example';
const rulesPerServer = 10;
const decisions = 200_000;
const batches = 7;

/** CPU time of one decision, over all servers in turn; of several batches the one least disturbed. */
export function measureDecide(servers: number): DecideCost {
  const index = compileAccess(toDocument(servers), { version: 1, localRas: ras });
  const asks = Array.from({ length: servers }, (_, at): Ask => {
    const groups = Array.from({ length: 20 }, (_, group) => `group-${(at + group) % 200}`);
    return {
      person: { id: 'u_alice', groups, roles: ['employee'] },
      client: 'agent',
      server: `server-${at}`,
      scopes: ['read', 'write'],
      acr: undefined,
      amr: ['pwd'],
      authTime: 1_800_000_000,
      now: 1_800_000_100,
    };
  });
  const batch = () => {
    const before = process.cpuUsage();
    let allowed = 0;
    for (let at = 0; at < decisions; at += 1) {
      if (decide(index, asks[at % servers] as Ask).effect === 'allow') allowed += 1;
    }
    const { user, system } = process.cpuUsage(before);
    if (allowed !== decisions) throw new Error('a decision that had to allow did not');
    return (user + system) / decisions;
  };
  batch(); // warms up
  return {
    rules: servers * rulesPerServer,
    servers,
    micros: Math.min(...Array.from({ length: batches }, batch)),
  };
}

function toDocument(servers: number) {
  const ids = Array.from({ length: servers }, (_, at) => `server-${at}`);
  const document = {
    servers: Object.fromEntries(
      ids.map((id) => [id, { resource: `${ras}/${id}/mcp`, ras, scopes: { read: {}, write: { risk: 'high' } } }]),
    ),
    clients: { agent: { redirect_uris: ['http://localhost/callback'], client_ids: { [ras]: 'agent' } } },
    rules: ids.flatMap((on, at) => [
      // Three that are about this person, one for everybody, and six about others.
      { id: `${on}-a`, allow: ['read'], on, to: [`group:group-${at % 200}`] },
      { id: `${on}-b`, allow: 'all', on, to: [`group:group-${(at + 7) % 200}`] },
      { id: `${on}-c`, allow: ['write'], on, to: [`group:group-${(at + 19) % 200}`], through: ['agent'] },
      { id: `${on}-d`, require: { max_age: 28_800 }, for: ['write'], on },
      { id: `${on}-e`, deny: 'all', on, to: ['role:contractor'] },
      ...[40, 80, 120, 160, 180].map((far) => ({
        id: `${on}-${far}`,
        allow: ['read'],
        on,
        to: [`group:group-${(at + far) % 200}`],
      })),
    ]),
  };
  const parsed = parsePolicy(JSON.stringify(document), 'access');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems[0]));
  return parsed.document as Parameters<typeof compileAccess>[0];
}
