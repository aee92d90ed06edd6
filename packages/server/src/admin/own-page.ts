import { no, ok, type Result } from '@credence/mcp/protocol';

/** What our own pages send with every change: no form and no link of another site can. */
export const pageHeader = 'credence-console';

/**
 * Whether a request that carries a cookie was made by a page of ours. A cookie says whose browser it is, not who wants it:
 * another port of the same host is the same site, so `SameSite` alone would let it write (CSRF).
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function checkOwnPage({ method, headers }: Pick<Request, 'method' | 'headers'>, admin: string): Result<void> {
  const isRead = method === 'GET';
  const site = headers.get('sec-fetch-site');
  const origin = headers.get('origin');
  if (site !== null && site !== 'same-origin' && !(isRead && site === 'none')) return no('admin_foreign_page');
  if (origin !== null && origin !== admin) return no('admin_foreign_page');
  if (!isRead && headers.get(pageHeader) !== '1') return no('admin_foreign_page');
  return ok(undefined);
}
