/** What passed between clients and servers, as a program sees it that sits in every client. */
export interface Eavesdropper {
  /** Every secret that was used, and what it is. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Every address that was asked for, or led to. */
  readonly addresses: readonly string[];
  /** Every answer that was no success. */
  readonly refusals: readonly string[];
  /** Adds one that did not pass here: of a file, say, or shown by a command. */
  add(what: string, secret: unknown): void;
  close(): void;
}

/** Members of forms and of JSON that are secrets, or as good as. */
const secretMembers = [
  'password',
  'client_secret',
  'code',
  'code_verifier',
  'assertion',
  'subject_token',
  'client_assertion',
  'token',
  'access_token',
  'id_token',
  'refresh_token',
];
/** Shorter ones would be found anywhere. */
const shortest = 8;

/** Listens to every `fetch` of this process until it is closed. */
export function eavesdrop(): Eavesdropper {
  const original = globalThis.fetch;
  const secrets = new Map<string, string>();
  const addresses: string[] = [];
  const refusals: string[] = [];
  const add = (what: string, secret: unknown) => {
    if (typeof secret === 'string' && secret.length >= shortest) secrets.set(secret, what);
  };

  const hearRequest = (request: Request, body: string) => {
    addresses.push(request.url);
    const [scheme, credentials = ''] = (request.headers.get('authorization') ?? '').split(' ');
    add('authorization', credentials);
    if (scheme === 'Basic') add('basic secret', Buffer.from(credentials, 'base64').toString().split(':')[1]);
    add('DPoP proof', request.headers.get('dpop'));
    if (!body.startsWith('{')) for (const [name, value] of new URLSearchParams(body)) hearMember(name, value);
  };
  const hearResponse = (response: Response, text: string) => {
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      add(`cookie ${name}`, value);
    }
    const location = response.headers.get('location');
    if (location !== null) {
      addresses.push(location);
      if (URL.canParse(location)) add('code', new URL(location).searchParams.get('code'));
    }
    if (response.status >= 400) refusals.push(text);
    if (!text.startsWith('{')) return;
    const answer: Record<string, unknown> = JSON.parse(text);
    for (const [name, value] of Object.entries(answer)) hearMember(name, value);
  };
  const hearMember = (name: string, value: unknown) => {
    if (secretMembers.includes(name)) add(name, value);
  };

  globalThis.fetch = async (input, init) => {
    const request = new Request(input, { ...init, signal: null });
    hearRequest(request, init?.body === undefined || init.body === null ? '' : String(init.body));
    const response = await original(input, init);
    const isStream = response.headers.get('content-type')?.includes('event-stream') ?? false;
    hearResponse(response, isStream ? '' : await response.clone().text());
    return response;
  };
  return {
    secrets,
    addresses,
    refusals,
    add,
    close() {
      globalThis.fetch = original;
    },
  };
}

/** The forms in which a secret could stand somewhere. */
export function spellingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inBase64 = bytes.toString('base64').replace(/=+$/, '');
  return [
    ...new Set([secret, encodeURIComponent(secret), inBase64, bytes.toString('base64url'), bytes.toString('hex')]),
  ];
}

/** What looks like a secret, whichever it is. */
export const lookLikeSecrets: readonly [what: string, pattern: RegExp][] = [
  ['a JWT', /eyJ[\w-]{10,}\.[\w-]{10,}/],
  ['a private key', /BEGIN [A-Z ]*PRIVATE KEY|"d" ?: ?"[\w-]{20,}"/],
  ['credentials', /\b(?:Bearer|Basic|DPoP) +[\w.~+/-]{12,}/],
  [
    'a member that is secret',
    /"(?:password|client_secret|access_token|id_token|refresh_token|assertion|code)" ?: ?"(?!\[redacted\])[^"]/,
  ],
  ['a password hash', /\$argon2/],
];
