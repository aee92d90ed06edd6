import { type Agent, type Connection, connect, textOf } from './agent.ts';
import { clientNamed, type DemoFile, type DemoServer, userNamed } from './demo-file.ts';
import { signIn } from './sign-in.ts';

/** A server that let the agent in. */
export interface Entered {
  readonly who: string;
  readonly client: string;
  readonly server: string;
  readonly scopes: readonly string[];
  readonly tools: readonly string[];
  /** What the tool answered, in one line. */
  readonly answer: string;
  readonly issueMs: number;
  readonly redeemMs: number;
  readonly callMs: number;
  readonly consentScreens: number;
  /** A tool that others may use here and this person may not, and what came of trying it. */
  readonly withheld?: { readonly tool: string; readonly refusal: string };
}

/** A server the agent was not let in to. */
export interface Denied {
  readonly who: string;
  readonly client: string;
  readonly server: string;
  /** The words the agent got. */
  readonly refusal: string;
  /** Under which the reason is on the record. */
  readonly decision: string;
}

export type Visit = Entered | Denied;

/** Tools of each server, by the server's name. */
export type Tools = ReadonlyMap<string, readonly string[]>;

/**
 * Signs the person in once, then takes their agent to every server: a list of tools and one call each.
 * @param known - tools that exist; one of them that this person is not shown is tried all the same
 */
export async function visitAll(
  demo: DemoFile,
  firstName: string,
  clientName: string,
  known: Tools = new Map(),
): Promise<Visit[]> {
  const { email, password } = userNamed(demo, firstName);
  const { idp, ras } = clientNamed(demo, clientName);
  const { id_token } = await signIn({ issuer: demo.idp.issuer, client: idp, email, password });
  const visits: Visit[] = [];
  for (const server of demo.servers) {
    const agent = { idp, ras, idToken: id_token };
    visits.push(await visit(demo, server, agent, firstName, clientName, known.get(server.name) ?? []));
  }
  return visits;
}

export function entered(visit: Visit): visit is Entered {
  return 'tools' in visit;
}

async function visit(
  demo: DemoFile,
  server: DemoServer,
  agent: Agent,
  who: string,
  client: string,
  known: readonly string[],
): Promise<Visit> {
  let connection: Connection;
  try {
    connection = await connect(demo, server, agent);
  } catch (error) {
    const refusal = (error as Error).message;
    const [, decision] = /Reference: (\S+)/.exec(refusal) ?? [];
    if (!decision) throw error; // no word of the identity provider: something broke
    return { who, client, server: server.name, refusal, decision };
  }
  try {
    const startedAt = performance.now();
    const result = await connection.client.callTool(server.tool);
    const callMs = performance.now() - startedAt;
    if (result.isError) throw new Error(`${server.tool.name} on ${server.name} failed: ${textOf(result)}`);
    const { scopes, tools, legMs, consentScreens } = connection;
    const answer = textOf(result).replace(/\s+/g, ' ').trim();
    const seen = { scopes, tools, answer, consentScreens, issueMs: legMs.issue, redeemMs: legMs.redeem, callMs };
    const tool = known.find((name) => !tools.includes(name));
    if (tool === undefined) return { who, client, server: server.name, ...seen };
    return { who, client, server: server.name, ...seen, withheld: { tool, refusal: await tryTool(connection, tool) } };
  } finally {
    await connection.close();
  }
}

/** The official client reacts to a refusal by asking for more rights, once: that gets it no further. */
async function tryTool({ client }: Connection, name: string): Promise<string> {
  try {
    await client.callTool({ name, arguments: {} });
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`${name} is withheld and was let through all the same`);
}
