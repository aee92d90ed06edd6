import type { EpochSeconds } from '@credence/mcp/protocol';
import type { WebhookSettings } from '../exports-config.ts';
import { away, type Destination, type Line, type Sent } from './destination.ts';
import { signWebhook } from './webhook-signature.ts';

/** Sends a request; who does so decides what may be reached (T17). */
export type Post = (
  url: string,
  init: { readonly method: 'POST'; readonly headers: Readonly<Record<string, string>>; readonly body: string },
) => Promise<Response>;

const most = { lines: 200, bytes: 256 * 1024 };
const longestWaitSeconds = 300;

/** Statuses that speak of what was sent, and would be the same tomorrow. */
const never: ReadonlySet<number> = new Set([400, 411, 413, 415, 422, 431]);
/** The receiver, or whoever stands before it, cannot just now; it says nothing of what was sent. */
const later: ReadonlySet<number> = new Set([408, 421, 425, 429, 502, 503, 504]);

/** An HTTPS endpoint that takes a JSON array of records, signed. */
export function webhookDestination(
  { url }: Pick<WebhookSettings, 'url'>,
  { post, keys, now }: { readonly post: Post; readonly keys: readonly Buffer[]; readonly now: () => EpochSeconds },
): Destination {
  return {
    most,
    async send(batch: readonly Line[]) {
      const body = `[${batch.map(({ text }) => text).join(',')}]`;
      const headers = { 'content-type': 'application/json', ...signWebhook(body, now(), keys) };
      try {
        return toSent(await post(url, { method: 'POST', headers, body }));
      } catch (error) {
        return away(error);
      }
    },
    close: async () => undefined,
  };
}

/** 401, 403, 404 and the like, and redirects, which are not followed, speak of the address or the secret: whoever set them mends them. */
function toSent({ status, ok, headers }: Response): Sent {
  if (ok) return { outcome: 'delivered' };
  const why = `status ${status}`;
  if (never.has(status)) return { outcome: 'refused', why };
  const faulty = status >= 500 && !later.has(status);
  const seconds = /^\d{1,6}$/.exec(headers.get('retry-after') ?? '')?.[0];
  const waitMs = seconds === undefined ? undefined : Math.min(Number(seconds), longestWaitSeconds) * 1000;
  return { outcome: 'away', why, faulty, ...(waitMs !== undefined && { waitMs }) };
}
