import type { AccessClient, AccessServer } from '../policy/model.ts';

/** A way a client is told of a server: what to paste, where. */
export interface SetUp {
  readonly kind: 'claude-code' | 'vscode' | 'inspector' | 'sdk' | 'curl';
  readonly name: string;
  /** What it cannot do here, or what has to be looked at; `null` = nothing. */
  readonly remark: string | null;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly title: string;
  /** `shell` is typed into a terminal, `json` goes into the file that the title names, `typescript` into a program. */
  readonly kind: 'shell' | 'json' | 'typescript';
  readonly text: string;
}

/** Where both sides of this installation are, and which client and server are joined. */
export interface Joined {
  readonly idp: string;
  readonly client: AccessClient;
  readonly server: AccessServer;
  /** The client's id at the authorization server of the server. */
  readonly clientId: string;
}

/** The client's metadata document is its id, and no secret goes with it. */
const isByDocument = ({ client }: Joined) => client.metadata !== undefined;

/**
 * How each kind of client reaches the server, with the addresses and ids of this installation. Secrets are in no document and
 * not here: they are shown once, when they are made, and go where the variables stand. Commands and settings as in
 * docs/connect.md.
 */
export function setUpsOf(joined: Joined): readonly SetUp[] {
  return [claudeCode(joined), vscode(joined), sdk(joined), inspector(joined), curl(joined)];
}

function claudeCode(joined: Joined): SetUp {
  const { idp, client, server, clientId } = joined;
  const own = isByDocument(joined) ? '' : ` --client-id ${quote(client.id)} --client-secret`;
  const secret = isByDocument(joined) ? '' : 'export MCP_XAA_IDP_CLIENT_SECRET="$IDP_SECRET"\n';
  return {
    kind: 'claude-code',
    name: 'Claude Code',
    remark: refusesHttp(idp, server),
    steps: [
      {
        title: 'Once: where to sign in',
        kind: 'shell',
        text: `export CLAUDE_CODE_ENABLE_XAA=1\n${secret}claude mcp xaa setup --issuer ${quote(idp)}${own}\nclaude mcp xaa login`,
      },
      {
        title: 'For each server',
        kind: 'shell',
        text: `claude mcp add ${quote(server.id)} ${quote(server.resource)} --xaa --client-id ${quote(clientId)} --client-secret`,
      },
    ],
  };
}

function vscode(joined: Joined): SetUp {
  const { idp, client, server, clientId } = joined;
  const settings = {
    'mcp.enterpriseManagedAuth.idp': {
      issuer: idp,
      clientId: client.metadata ?? client.id,
      ...(!isByDocument(joined) && { clientSecret: 'IDP_SECRET' }),
    },
  };
  const servers = {
    servers: { [server.id]: { type: 'http', url: server.resource, oauth: { clientId, enterpriseManaged: true } } },
  };
  return {
    kind: 'vscode',
    name: 'Visual Studio Code',
    remark:
      'clientSecret in the settings is for development alone; for people the policy McpEnterpriseManagedAuthIdp sets the same. The secret at the authorization server is asked for by Set Client Secret in mcp.json.',
    steps: [
      { title: 'settings.json', kind: 'json', text: JSON.stringify(settings, undefined, 2) },
      { title: 'mcp.json', kind: 'json', text: JSON.stringify(servers, undefined, 2) },
    ],
  };
}

function sdk({ idp, client, server, clientId }: Joined): SetUp {
  const text = (value: string) => JSON.stringify(value);
  return {
    kind: 'sdk',
    name: 'Official TypeScript SDK',
    remark: 'idToken comes from a sign-in at the identity provider.',
    steps: [
      { title: 'Once', kind: 'shell', text: 'npm install @modelcontextprotocol/client' },
      {
        title: 'In the program',
        kind: 'typescript',
        text: [
          "import { CrossAppAccessProvider, discoverAndRequestJwtAuthGrant, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';",
          '',
          'const authProvider = new CrossAppAccessProvider({',
          `  clientId: ${text(clientId)},`,
          '  clientSecret: process.env.RAS_SECRET,',
          `  expectedIssuer: ${text(server.ras)},`,
          '  assertion: async ({ authorizationServerUrl, resourceUrl, scope, fetchFn }) =>',
          '    (await discoverAndRequestJwtAuthGrant({',
          `      idpUrl: ${text(idp)},`,
          '      audience: authorizationServerUrl,',
          '      resource: resourceUrl,',
          '      idToken,',
          `      clientId: ${text(client.metadata ?? client.id)},`,
          '      clientSecret: process.env.IDP_SECRET,',
          '      scope,',
          '      fetchFn,',
          '    })).jwtAuthGrant,',
          '});',
          `new StreamableHTTPClientTransport(new URL(${text(server.resource)}), { authProvider });`,
        ].join('\n'),
      },
    ],
  };
}

function inspector(joined: Joined): SetUp {
  const { server } = joined;
  const call = `npx @modelcontextprotocol/inspector --cli ${quote(server.resource)} --transport http --method tools/list --header "Authorization: Bearer $ACCESS_TOKEN"`;
  return {
    kind: 'inspector',
    name: 'MCP Inspector',
    remark: 'It knows nothing of ID-JAGs: get an access token as under curl, and give it to the Inspector.',
    steps: [{ title: 'With an access token', kind: 'shell', text: call }],
  };
}

function curl({ idp, client, server, clientId }: Joined): SetUp {
  const lines = (...parts: readonly string[]) => parts.join(' \\\n  ');
  return {
    kind: 'curl',
    name: 'curl',
    remark: null,
    steps: [
      {
        title: 'An ID Token in, an ID-JAG out',
        kind: 'shell',
        text: lines(
          `ID_JAG=$(curl -s ${quote(`${idp}/token`)}`,
          '-d grant_type=urn:ietf:params:oauth:grant-type:token-exchange',
          '-d requested_token_type=urn:ietf:params:oauth:token-type:id-jag',
          '-d subject_token_type=urn:ietf:params:oauth:token-type:id_token',
          '-d subject_token="$ID_TOKEN"',
          `${field('audience', server.ras)} ${field('resource', server.resource)}`,
          `${field('client_id', client.metadata ?? client.id)} -d client_secret="$IDP_SECRET" | jq -r .access_token)`,
        ),
      },
      {
        title: 'The ID-JAG in, once, an access token out',
        kind: 'shell',
        text: lines(
          `ACCESS_TOKEN=$(curl -s ${quote(`${server.ras}/token`)}`,
          `${field('client_id', clientId)} -d client_secret="$RAS_SECRET"`,
          '-d grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer -d assertion="$ID_JAG" | jq -r .access_token)',
        ),
      },
    ],
  };
}

/** Seen of shipped clients. */
function refusesHttp(idp: string, server: AccessServer): string | null {
  const isPlain = [idp, server.ras].some((url) => url.startsWith('http:'));
  return isPlain ? 'Some versions refuse http, also on localhost: start with --tls then.' : null;
}

function field(name: string, value: string): string {
  return `--data-urlencode ${quote(`${name}=${value}`)}`;
}

/** A word of a shell line. What stands in documents is no command, whatever is in it. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_.:/@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
