import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { pageHeader } from '../own-page.ts';
import type { Route } from './route.ts';

const zip = promisify(gzip);
/** What is shorter goes in one packet or two either way. */
const leastBytes = 1024;

/**
 * The bytes of an answer, zipped where that may be and is worth it.
 *
 * Of what is zipped, the length tells how much of it comes up twice. Whoever can make a browser ask with a text of theirs in the question,
 * and sees the lengths of the answers, could guess a secret that stands beside that text (BREACH). So only what is read by GET is zipped, and
 * nothing that GET answers holds a secret that lets anybody in: secrets, tokens and links are told once, by the POST that made
 * them, and the session is in a cookie, with no token of its own in any body. What a session
 * reads is zipped for our own page only, which says so in a header that other origins may not send. Streams go out as they are, each line when it is written.
 */
export async function toBody(
  text: string,
  { method }: Pick<Route, 'method'>,
  request: Request,
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly headers: Readonly<Record<string, string>> }> {
  const bytes = new Uint8Array(Buffer.from(text));
  if (method !== 'GET' || bytes.length < leastBytes) return { bytes, headers: {} };
  const vary = { vary: 'accept-encoding' };
  const isAsked = !request.headers.has('cookie') || request.headers.get(pageHeader) === '1';
  if (!isAsked || !acceptsGzip(request)) return { bytes, headers: vary };
  // The quickest way, on another thread: what it saves is time, not room.
  const zipped = new Uint8Array(await zip(bytes, { level: constants.Z_BEST_SPEED }));
  return { bytes: zipped, headers: { ...vary, 'content-encoding': 'gzip' } };
}

/** Whether gzip is named, and not ruled out by `q=0`. @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3 */
function acceptsGzip({ headers }: Request): boolean {
  const codings = (headers.get('accept-encoding') ?? '').toLowerCase().split(',');
  return codings.some((coding) => {
    const [name, ...parameters] = coding.split(';').map((part) => part.trim());
    return name === 'gzip' && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}
