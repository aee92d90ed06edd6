import type { Page } from 'playwright-core';

/** An answer of the admin API, and the version of what it tells. */
export interface Told<T> {
  readonly status: number;
  readonly value: T;
  readonly etag: string;
}

/** Asks the admin API from within a page, as whoever is signed in there: what a button of the page could do. */
export async function askApi<T>(
  page: Page,
  method: string,
  path: string,
  { body, ifMatch }: { readonly body?: object; readonly ifMatch?: string } = {},
): Promise<Told<T>> {
  const { status, said, etag } = await page.evaluate(
    async ([verb, url, text, version]) => {
      const headers = {
        'credence-console': '1',
        ...(text !== undefined && { 'content-type': 'application/json' }),
        ...(version !== undefined && { 'if-match': version }),
      };
      const response = await fetch(url, { method: verb, headers, ...(text !== undefined && { body: text }) });
      return { status: response.status, said: await response.text(), etag: response.headers.get('etag') };
    },
    [method, `/api/v1${path}`, body && JSON.stringify(body), ifMatch] as const,
  );
  return { status, value: (said === '' ? undefined : JSON.parse(said)) as T, etag: etag ?? '' };
}

/** The same where anything but success is a mistake of the test. */
export async function askWell<T>(...asked: Parameters<typeof askApi>): Promise<T & { readonly etag: string }> {
  const { status, value, etag } = await askApi<T>(...asked);
  if (status >= 300) throw new Error(`${asked[1]} ${asked[2]}: ${status} ${JSON.stringify(value)}`);
  return { ...value, etag };
}
