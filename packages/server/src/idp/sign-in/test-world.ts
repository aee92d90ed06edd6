import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type AuditRecord, toRow } from '../../audit/record.ts';
import { readWellFormed } from '../../audit/record-schema.ts';
import { hashSecret } from '../../clients/authenticate.ts';
import type { ClientCertificate } from '../../clients/client-certificate.ts';
import type { DpopNonces } from '../../clients/dpop.ts';
import { createRemoteClients, type RemoteClients } from '../../clients/remote-clients.ts';
import { hashPassword } from '../../directory/password.ts';
import { createSeal } from '../../keys/seal.ts';
import { generatePrivateJwk, type PrivateJwk, toPublicJwk } from '../../keys/signer.ts';
import { createFailureLimit, type Pace } from '../../limits.ts';
import { AccessDocument } from '../../policy/access-document.ts';
import { compileAccess } from '../../policy/compile.ts';
import type { AccessClient, FirstFactor } from '../../policy/model.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import type { Person, Store } from '../../store/store.ts';
import type { SignInNote, SignInOptions } from './options.ts';
import { createSignIn, type SignIn } from './sign-in.ts';
import type { SignInLimits } from './sign-in-limit.ts';

/** An IdP on a real port with a store in memory, three clients and two people. For tests. */
export interface TestWorld {
  readonly issuer: string;
  readonly port: number;
  readonly store: Store;
  readonly signIn: SignIn;
  readonly clients: Map<string, AccessClient>;
  /** What is found at each URL when something of a client is fetched. */
  readonly web: Map<string, Record<string, unknown>>;
  readonly remote: RemoteClients;
  readonly notes: SignInNote[];
  readonly faults: unknown[];
  readonly clientKey: PrivateJwk;
  readonly idTokenKeys: PrivateJwk[];
  readonly secret: string;
  /** The client certificate of every request from here on. */
  certificate: ClientCertificate | undefined;
  /** Set to make the next records fail. */
  failNotes: Error | undefined;
  /** What one network asks for without credentials. */
  strangers: Pace;
  /** Who has asked for what costs, and whether that is too fast from here on. */
  readonly paced: string[];
  isTooFast: boolean;
  firstFactor: FirstFactor;
  /** When the epoch began. */
  since: number;
  readonly factorSeal: SignInOptions['factorSeal'];
  close(): Promise<void>;
}

export const password = 'tulip-42-harbour';
export const alice: Person = {
  id: 'u_alice',
  source: 'local',
  email: 'alice@acme.example',
  name: 'alice',
  active: true,
  groups: ['engineering'],
  roles: [],
};
export const bob: Person = { ...alice, id: 'u_bob', email: 'bob@acme.example', name: 'bob', groups: ['marketing'] };

const noAccess = compileAccess(AccessDocument.parse({}), { version: 1, localRas: 'https://mcp.acme.example' });

/** Options beyond those every test has. */
export type MoreOptions = (
  issuer: string,
  store: Store,
  now: () => number,
  onFault: (fault: unknown) => void,
) => Partial<SignInOptions> | Promise<Partial<SignInOptions>>;

export async function openTestWorld(
  limits: Partial<SignInLimits> = { perAccount: 10, perNetwork: 500 },
  toIssuer = (port: number) => `http://localhost:${port}`,
  dpopNonces: DpopNonces | undefined = undefined,
  toMore: MoreOptions = () => ({}),
): Promise<TestWorld> {
  const store = await openSqliteStore(':memory:', { node: 'test' });
  for (const person of [alice, bob]) {
    await store.people.save(person);
    await store.people.setPasswordHash(person.id, await hashPassword(password));
  }
  const { server, port } = await listen((incoming, outgoing) => world.signIn.callback(incoming, outgoing));
  const issuer = toIssuer(port);
  const clientKey = generatePrivateJwk('ES256');
  const secret = randomBytes(32).toString('base64url');
  const web = new Map<string, Record<string, unknown>>();
  const fetchJson = async (url: string) => {
    const value = web.get(url);
    if (!value) throw new Error(`nothing at ${url}`);
    return { value, headers: {} };
  };
  const remote = createRemoteClients({
    egress: { fetchJson, getJson: async (url) => (await fetchJson(url)).value },
    now: () => Math.floor(Date.now() / 1000),
    onFault: () => undefined,
    onFetched: async () => undefined,
  });
  const world: TestWorld = {
    web,
    remote,
    issuer,
    port,
    store,
    clients: new Map(testClients(clientKey).map((client) => [client.id, client])),
    notes: [],
    faults: [],
    clientKey,
    idTokenKeys: [generatePrivateJwk('RS256')],
    secret,
    failNotes: undefined,
    strangers: { take: () => true },
    paced: [],
    isTooFast: false,
    certificate: undefined,
    firstFactor: 'code',
    since: 0,
    factorSeal: createSeal(Buffer.from('a key for secrets of authenticator apps in tests')),
    signIn: undefined as unknown as SignIn,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await store.close();
    },
  };
  const idJagKey = generatePrivateJwk('ES256');
  const now = () => Math.floor(Date.now() / 1000);
  const options: SignInOptions = {
    issuer,
    organisation: 'Acme',
    store,
    clients: () => world.clients,
    complete: world.remote.complete,
    secretHashes: (id) => (id === 'portal' ? [hashSecret('an older one'), hashSecret(secret)] : []),
    idTokenKeys: () => world.idTokenKeys,
    detailTypes: () => ['project_access'],
    publicKeys: () => [...world.idTokenKeys, idJagKey].map(toPublicJwk),
    cookieKeys: ['a key for cookies in tests'],
    idTokenSeconds: 3600,
    sessionSeconds: 43_200,
    sessionIdleSeconds: undefined,
    upstreams: undefined,
    directoryRows: () => [],
    fetch: () => Promise.reject(new Error('nothing goes out in tests')),
    skewSeconds: 30,
    since: () => world.since,
    dpopNonces,
    failures: createFailureLimit({ max: 10, windowSeconds: 60, now }),
    strangers: { take: (network) => world.strangers.take(network) },
    pace: {
      take: (person) => {
        world.paced.push(person);
        return !world.isTooFast;
      },
    },
    addressOf: (incoming) => incoming.headers['x-test-address']?.toString() ?? '127.0.0.1',
    certificateOf: () => world.certificate,
    note: async (note) => {
      if (world.failNotes) throw world.failNotes;
      world.notes.push(note);
      return `d_${world.notes.length}`;
    },
    inOneStep: ({ kind, outcome, reason, address, facts }, write) => {
      const id = `r_${randomBytes(9).toString('base64url')}`;
      const domain = 'idp';
      const timeMs = Date.now();
      return write(toRow({ v: 2, id, kind, domain, timeMs, outcome, ...(reason && { reason }), address, ...facts }));
    },
    factorSeal: world.factorSeal,
    firstFactor: () => world.firstFactor,
    subjectSecret: 'a secret of this organisation',
    reachOf: () => [],
    access: () => noAccess,
    origins: { idp: issuer, ras: 'https://mcp.acme.example' },
    now,
    onFault: (fault) => world.faults.push(fault),
    ...(await toMore(issuer, store, now, (fault) => world.faults.push(fault))),
  };
  return Object.assign(world, { signIn: createSignIn(options, limits) });
}

/** What the record says of sessions that were ended, oldest first: their lines are written in one step with the end. */
export async function endingsOnRecord({ store }: TestWorld): Promise<readonly AuditRecord[]> {
  const records = (await store.audit.last(1000)).map(readWellFormed);
  return records.filter(({ kind }) => kind === 'sign_out');
}

function testClients(clientKey: PrivateJwk): AccessClient[] {
  const base = {
    postLogoutRedirectUris: ['http://localhost/bye'],
    public: false,
    exchange: true,
    jwks: undefined,
    backchannelLogoutUri: undefined,
    clientIds: new Map(),
  };
  const loopback = ['http://localhost/callback', 'http://127.0.0.1/callback'];
  return [
    { ...base, id: 'claude-code', name: 'Claude Code', redirectUris: loopback, public: true },
    { ...base, id: 'portal', name: 'Portal', redirectUris: ['https://portal.example/cb'] },
    { ...base, id: 'worker', name: 'Worker', redirectUris: loopback, jwks: [toPublicJwk(clientKey)] },
    { ...base, id: 'hostile', name: '"><script>alert(1)</script>\u202Egpj', redirectUris: loopback, public: true },
  ];
}

function listen(handle: (incoming: IncomingMessage, outgoing: ServerResponse) => unknown) {
  const server = createServer(handle);
  return new Promise<{ server: Server; port: number }>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({ server, port: (server.address() as AddressInfo).port }));
  });
}

/** PKCE for one request. */
export function makePkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** A browser as far as a sign-in needs one: cookies by path, redirects followed until they leave the issuer. */
export class TestBrowser {
  readonly #issuer: string;
  readonly #cookies = new Map<string, { name: string; value: string; path: string }>();

  constructor(issuer: string) {
    this.#issuer = issuer;
  }

  async get(url: string, headers: Record<string, string> = {}): Promise<Visit> {
    return this.#follow(url, { headers });
  }

  /** Asks for this page alone; resolves to where it leads. */
  async only(url: string): Promise<string> {
    return (await this.#follow(url, {}, 0)).url.href;
  }

  /** Sends the form of a page that has the button `do`, or the first, its hidden fields included. */
  async submit(visit: Visit, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Visit> {
    return this.#follow(...this.#toRequest(visit, fields, headers));
  }

  /** Sends it too, and goes no further: where it would go next. */
  async submitOnly(
    visit: Visit,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<string> {
    return (await this.#follow(...this.#toRequest(visit, fields, headers), 0)).url.href;
  }

  /** Sends it too, a part first, and the rest when something has happened meanwhile. */
  async submitSlowly(visit: Visit, fields: Record<string, string>, meanwhile: () => Promise<unknown>): Promise<Visit> {
    const [url, init] = this.#toRequest(visit, fields);
    const text = String(init.body);
    const parts = async function* () {
      yield Buffer.from(text.slice(0, 5));
      await wait(100); // until it is with the server
      await meanwhile();
      yield Buffer.from(text.slice(5));
    };
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.#follow(url, { ...init, headers, body: ReadableStream.from(parts()), duplex: 'half' });
  }

  #toRequest(
    visit: Visit,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): [string, RequestInit] {
    const forms = visit.page.match(/<form method="post"[\s\S]*?<\/form>/g) ?? [];
    const form = forms.find((each) => each.includes(`name="do" value="${fields.do}"`)) ?? forms[0] ?? '';
    const [, action = ''] = /^<form method="post" action="([^"]*)"/.exec(form) ?? [];
    const body = new URLSearchParams(fields);
    for (const [, name = '', value = ''] of form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)) {
      if (!(name in fields)) body.append(name, value);
    }
    return [new URL(action, this.#issuer).href, { method: 'POST', body, headers }];
  }

  /** Value of a cookie, by the end of its name. */
  cookie(name: string): string | undefined {
    return [...this.#cookies.values()].find((cookie) => cookie.name === name)?.value;
  }

  async #follow(url: string, init: RequestInit, hops = 10): Promise<Visit> {
    let next = { url, init };
    for (let hop = 0; hop <= hops; hop += 1) {
      const response = await fetch(next.url, {
        ...next.init,
        redirect: 'manual',
        headers: { ...next.init.headers, cookie: this.#sent(next.url) },
      });
      this.#keep(response);
      const location = response.headers.get('location');
      const page = await response.text();
      if (location === null)
        return { status: response.status, headers: response.headers, page, url: new URL(next.url) };
      const target = new URL(location, next.url);
      if (target.origin !== this.#issuer || hop === hops)
        return { status: response.status, headers: response.headers, page, url: target };
      next = { url: target.href, init: {} };
    }
    throw new Error(`redirects without end, last to ${next.url}`);
  }

  #sent(url: string): string {
    const { pathname } = new URL(url);
    return [...this.#cookies.values()]
      .filter(({ path }) => path === '/' || pathname === path || pathname.startsWith(`${path}/`))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  #keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      const [, path = '/'] = /;\s*path=([^;]*)/i.exec(line) ?? [];
      const key = `${name} ${path}`;
      if (/expires=Thu, 01 Jan 1970/i.test(line)) this.#cookies.delete(key);
      else this.#cookies.set(key, { name, value, path });
    }
  }
}

/** Where a browser came to rest: a page of ours, or the redirect address of a client. */
export interface Visit {
  readonly status: number;
  readonly headers: Headers;
  readonly page: string;
  readonly url: URL;
}
