import {
  Client,
  CrossAppAccessProvider,
  discoverAndRequestJwtAuthGrant,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import type { Credentials, DemoFile, DemoServer } from './demo-file.ts';

/** Who is at work: a client program, known in both domains, and the ID token of the person who signed in to it. */
export interface Agent {
  readonly idp: Credentials;
  readonly ras: Credentials;
  readonly idToken: string;
}

/** An open connection to one MCP server, and what it took to get there. */
export interface Connection {
  readonly client: Client;
  readonly tools: readonly string[];
  /** What the access token allows, by the word of the server that issued it. */
  readonly scopes: readonly string[];
  /** Milliseconds: ID token to ID-JAG, ID-JAG to access token. */
  readonly legMs: { readonly issue: number; readonly redeem: number };
  /** How often the server sent a person to a page of its own. */
  readonly consentScreens: number;
  /** The MCP session, if the server keeps one. */
  readonly session: string | undefined;
  /** Sent with every request from now on. */
  readonly accessToken: string;
  close(): Promise<void>;
}

/** The official provider; it also counts what it must never be asked to do. */
class CountingProvider extends CrossAppAccessProvider {
  consentScreens = 0;

  override redirectToAuthorization(): void {
    this.consentScreens += 1;
    super.redirectToAuthorization();
  }
}

const grant = {
  issue: 'urn:ietf:params:oauth:grant-type:token-exchange',
  redeem: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
};

/**
 * Reaches an MCP server in the name of the person: the first request is refused with a pointer to the server's metadata,
 * and from there the official client finds its way. It needs to be told the identity provider and nothing else.
 */
export async function connect(
  demo: DemoFile,
  server: DemoServer,
  agent: Agent,
  client = new Client({ name: 'acme-demo', version: '1.0.0' }),
): Promise<Connection> {
  const legMs = { issue: 0, redeem: 0 };
  const timedFetch: typeof fetch = async (input, init) => {
    const startedAt = performance.now();
    const response = await fetch(input, init);
    const grantType = new URLSearchParams(String(init?.body ?? '')).get('grant_type');
    if (grantType === grant.issue) legMs.issue = performance.now() - startedAt;
    if (grantType === grant.redeem) legMs.redeem = performance.now() - startedAt;
    return response;
  };

  const provider = new CountingProvider({
    clientId: agent.ras.client_id,
    clientSecret: agent.ras.client_secret ?? '',
    expectedIssuer: demo.ras.issuer,
    fetchFn: timedFetch,
    assertion: async ({ authorizationServerUrl, resourceUrl, scope, fetchFn }) => {
      const { jwtAuthGrant } = await discoverAndRequestJwtAuthGrant({
        idpUrl: demo.idp.issuer,
        audience: authorizationServerUrl,
        resource: resourceUrl,
        idToken: agent.idToken,
        clientId: agent.idp.client_id,
        ...(agent.idp.client_secret !== null && { clientSecret: agent.idp.client_secret }),
        ...(scope !== undefined && { scope }),
        fetchFn,
      });
      return jwtAuthGrant;
    },
  });
  const transport = new StreamableHTTPClientTransport(new URL(server.resource), {
    authProvider: provider,
    fetch: timedFetch,
  });
  await client.connect(transport);
  const { tools } = await client.listTools();
  return {
    client,
    tools: tools.map(({ name }) => name),
    scopes: provider.tokens()?.scope?.split(' ') ?? [],
    legMs,
    consentScreens: provider.consentScreens,
    session: transport.sessionId,
    accessToken: provider.tokens()?.access_token ?? '',
    close: async () => {
      await transport.terminateSession();
      await client.close();
    },
  };
}

/** The words of a tool's answer. */
export function textOf(result: { readonly content?: unknown }): string {
  const parts = (result.content ?? []) as { type: string; text?: string }[];
  return parts.map(({ text }) => text ?? '').join('\n');
}
