import { type JsonObject, parseStrictObject } from '../protocol/index.ts';

const timeoutMs = 3000;
const maxLength = 256 * 1024;

/**
 * Fetches one JSON object from an issuer: https (http on loopback only), no redirects, 3 s, 256 KiB. Throws otherwise.
 * For servers that name their own authorization server; who fetches URLs that strangers name has to check addresses too.
 */
export async function getJson(url: string): Promise<JsonObject> {
  const { protocol, hostname } = new URL(url);
  const isLocal = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
  if (protocol !== 'https:' && !(protocol === 'http:' && isLocal)) throw new Error('only https is fetched');
  const response = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200) throw new Error(`answered ${response.status}`);
  const value = parseStrictObject(await readText(response));
  if (!value) throw new Error('the answer is not one JSON object');
  return value;
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > maxLength) throw new Error('the answer is too large');
  }
  return text + decoder.decode();
}
