import { isObject, parseStrictObject, securityEventType } from '@credence/mcp/protocol';

/** Sends a request; who does so decides what may be reached. */
export type Post = (url: string, init: PostInit) => Promise<Response>;

export interface PostInit {
  readonly method: 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What became of a SET. `why` is made of our own words and known codes only: nothing of an answer reaches the record. */
export type Delivery =
  | { readonly outcome: 'accepted' }
  /** The RAS has read it and wants none of it. */
  | { readonly outcome: 'refused'; readonly why: string }
  /** It was not to be had, or has no time. */
  | { readonly outcome: 'away'; readonly why: string };

/** Error codes of RFC 8935 §2.4. */
const codes = [
  'invalid_request',
  'invalid_key',
  'invalid_issuer',
  'invalid_audience',
  'authentication_failed',
  'access_denied',
];

/** Hands a SET over. @see https://www.rfc-editor.org/rfc/rfc8935#section-2.1 */
export async function deliver(
  endpoint: string,
  set: string,
  { post, bearer }: { readonly post: Post; readonly bearer: string | undefined },
): Promise<Delivery> {
  const headers = {
    'content-type': securityEventType,
    accept: 'application/json',
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
  };
  let response: Response;
  let text: string;
  try {
    response = await post(endpoint, { method: 'POST', headers, body: set });
    text = response.status === 400 ? await response.text() : '';
  } catch (error) {
    return { outcome: 'away', why: toWords(error) };
  }
  const { status } = response;
  // 202 it should be; some answer 200 or 204 and mean it.
  if (response.ok) return { outcome: 'accepted' };
  if (status === 400) return { outcome: 'refused', why: toCode(text) };
  const isRefusal = status === 401 || status === 403;
  return { outcome: isRefusal ? 'refused' : 'away', why: `status ${status}` };
}

function toCode(text: string): string {
  const answer = parseStrictObject(text);
  const code = isObject(answer) ? answer.err : undefined;
  return codes.find((known) => known === code) ?? 'status 400';
}

/** Of an error its code, or the name of its kind. */
function toWords(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'no answer';
  const { code } = cause as NodeJS.ErrnoException;
  return typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : cause.name;
}
