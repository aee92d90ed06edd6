import { addresses, type Operations } from './operations.ts';
import { fromSegment, toSegment } from './segment.ts';

export { fromSegment, type Operations, toSegment };

type Asked<K extends keyof Operations> = Omit<Operations[K], 'method' | 'path' | 'answer'>;

/** What came back: the answer with its version, or the problem. */
export type Told<T> =
  | { readonly ok: true; readonly value: T; readonly etag: string | undefined }
  | { readonly ok: false; readonly problem: Problem };

/** @see https://www.rfc-editor.org/rfc/rfc9457 */
export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** Why, by the name that the record has for it. */
  readonly code?: string;
  readonly help?: string;
  readonly errors?: readonly { readonly at: string; readonly problem: string }[];
  /** What the record calls the request. */
  readonly reference?: string;
}

export type AdminClient = <K extends keyof Operations>(
  operation: K,
  asked: Asked<K>,
) => Promise<Told<Operations[K]['answer']>>;

/**
 * Calls the admin API, by name of the operation. In a page of the admin listener the cookie goes along by itself; a program gives
 * its token.
 * @param base - such as `/api/v1`, or a whole URL
 */
export function createAdminClient(base: string, fetch: typeof globalThis.fetch, token?: string): AdminClient {
  return async (operation, asked) => {
    const [method, path] = addresses[operation];
    const { params = {}, query = {}, body, ifMatch } = asked as Partial<AnyAsked>;
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => toSegment(String(params[name])));
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(
      Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
    ).toString();
    const response = await fetch(`${base}${filled}${search && `?${search}`}`, {
      method,
      headers: {
        'credence-console': '1',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(ifMatch !== undefined && { 'if-match': ifMatch }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isNone = text === '' && response.status === 204;
    if (!isNone && !/^application\/(?:problem\+)?json\b/.test(response.headers.get('content-type') ?? '')) {
      return { ok: false, problem: ofSomebodyElse(response.status) };
    }
    const value = isNone ? undefined : JSON.parse(text);
    if (!response.ok) return { ok: false, problem: value as Problem };
    return { ok: true, value, etag: response.headers.get('etag') ?? undefined };
  };
}

/** What answered is no admin API: a proxy in front of one that is away, or whoever wants to be paid for the network first. */
function ofSomebodyElse(status: number): Problem {
  const detail = `What answered, with status ${status}, was not the admin API.`;
  return { status, title: 'No answer of the admin API', detail, code: 'no_answer' };
}

interface AnyAsked {
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly ifMatch: string;
}
