import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { signIn } from '../sign-in.ts';
import { client, type Person, tool } from './organisation.ts';
import type { Setting } from './setting.ts';

/** Somebody who has signed in, and whose agent is at work. */
export interface SignedIn {
  readonly person: Person;
  readonly idToken: string;
  /** Pages beyond the one that asks for the password. */
  readonly consentScreens: number;
}

/** What one access came to. */
export interface Access {
  readonly idToken: string;
  readonly server: string;
  readonly accessToken: string;
  readonly milliseconds: number;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const connections = new Agent({ keepAlive: true, maxSockets: 64 });
let lastId = 0;

/** As a native client does it: authorization code with PKCE, through the provider's own page. */
export async function signInAs({ idp, secrets, passwordOf }: Setting, person: Person): Promise<SignedIn> {
  const { id_token, pagesSeen } = await signIn({
    issuer: idp,
    client: { client_id: client.id, client_secret: secrets.idp },
    email: person.email,
    password: passwordOf(person),
    scope: 'openid',
    redirectUri: client.redirectUri,
  });
  return { person, idToken: id_token, consentScreens: pagesSeen - 1 };
}

/** ID token to ID-JAG, ID-JAG to access token, and a call of a tool. Throws when any of it is not what it should be. */
export async function access(setting: Setting, { idToken }: SignedIn, server: string): Promise<Access> {
  const startedAt = performance.now();
  const idJag = tokenOf(await exchange(setting, idToken, server));
  const redeemed = await post(`${setting.ras}/token`, {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: idJag,
    client_id: client.id,
    client_secret: setting.secrets.ras,
  });
  const accessToken = tokenOf(redeemed);
  const { status, text } = await call(setting, server, accessToken);
  if (status !== 200 || !text.includes(`latest of ${server}`)) throw new Error(`${server} answered ${status}: ${text}`);
  return { idToken, server, accessToken, milliseconds: performance.now() - startedAt };
}

/** Leg 1 alone. */
export function exchange({ idp, ras, secrets }: Setting, idToken: string, server: string): Promise<Answer> {
  return post(`${idp}/token`, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
    subject_token: idToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    audience: ras,
    resource: `${ras}/${server}/mcp`,
    client_id: client.id,
    client_secret: secrets.idp,
  });
}

/** One call of a tool, in the revision of MCP in which every request stands by itself. */
export function call({ ras }: Setting, server: string, accessToken: string): Promise<Answer> {
  const revision = '2026-07-28';
  const prefix = 'io.modelcontextprotocol';
  const _meta = {
    [`${prefix}/protocolVersion`]: revision,
    [`${prefix}/clientInfo`]: { name: client.id, version: '1.0.0' },
    [`${prefix}/clientCapabilities`]: {},
  };
  const params = { name: tool, arguments: {}, _meta };
  return send(`${ras}/${server}/mcp`, JSON.stringify({ jsonrpc: '2.0', id: ++lastId, method: 'tools/call', params }), {
    authorization: `Bearer ${accessToken}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': revision,
    'mcp-method': 'tools/call',
    'mcp-name': tool,
  });
}

function post(url: string, form: Record<string, string>): Promise<Answer> {
  return send(url, new URLSearchParams(form).toString(), { 'content-type': 'application/x-www-form-urlencoded' });
}

function tokenOf({ status, text }: Answer): string {
  const { access_token: token } = status === 200 ? (JSON.parse(text) as { access_token?: string }) : {};
  if (typeof token !== 'string') throw new Error(`no token: ${status} ${text.slice(0, 300)}`);
  return token;
}

function send(url: string, body: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      agent: connections,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    };
    const sent = request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.once('error', reject).end(body);
  });
}
