/** Where a request ended: at a page, or at the address this program waits for (a loopback redirect URI). */
export type Arrival = { readonly page: Page } | { readonly redirect: URL };

export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly html: string;
  readonly forms: readonly Form[];
}

export interface Form {
  readonly action: URL;
  readonly method: string;
  readonly fields: readonly Field[];
}

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

/** As much of a browser as a sign-in page without scripts needs: cookies, redirects and forms. */
export interface Browser {
  visit(url: URL): Promise<Arrival>;
  submit(form: Form, values: Readonly<Record<string, string>>): Promise<Arrival>;
}

interface Cookie {
  readonly host: string;
  readonly path: string;
  readonly name: string;
  readonly value: string;
}

const maxRedirects = 20;

/**
 * Opens a browser with an empty cookie jar.
 * @param waitingAt - redirects to this address are not followed but handed back, with their query
 */
export function openBrowser(waitingAt: string, fetchFn: typeof fetch = fetch): Browser {
  const jar = new Map<string, Cookie>();

  const go = async (start: URL, init: RequestInit): Promise<Arrival> => {
    let url = start;
    let request = init;
    for (let hops = 0; hops < maxRedirects; hops += 1) {
      const cookie = cookiesFor(jar, url);
      const headers = { accept: 'text/html', ...request.headers, ...(cookie !== '' && { cookie }) };
      const response = await fetchFn(url, { ...request, headers, redirect: 'manual' });
      keepCookies(jar, url, response.headers.getSetCookie());
      const location = response.headers.get('location');
      if (location === null) {
        const html = await response.text();
        return { page: { url, status: response.status, html, forms: parseForms(html, url) } };
      }
      await response.body?.cancel();
      url = new URL(location, url);
      if (url.href.split('?', 1)[0] === waitingAt) return { redirect: url };
      request = { method: 'GET' };
    }
    throw new Error(`More than ${maxRedirects} redirects, starting at ${start.origin}${start.pathname}.`);
  };

  return {
    visit: (url) => go(url, { method: 'GET' }),
    submit: (form, values) => {
      const filled = new URLSearchParams(
        form.fields.map(({ name, value }): [string, string] => [name, values[name] ?? value]),
      );
      if (form.method === 'get') return go(new URL(`?${filled}`, form.action), { method: 'GET' });
      return go(form.action, {
        method: 'POST',
        body: filled.toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: form.action.origin },
      });
    },
  };
}

/** Host and path decide, the port does not: browsers keep one jar for all ports of a host. */
function cookiesFor(jar: ReadonlyMap<string, Cookie>, url: URL): string {
  const fits = ({ host, path }: Cookie) =>
    host === url.hostname && (url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`));
  return [...jar.values()]
    .filter(fits)
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ');
}

function keepCookies(jar: Map<string, Cookie>, url: URL, lines: readonly string[]): void {
  for (const line of lines) {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const [name = '', value = ''] = splitOnce(pair);
    const given = new Map(
      attributes.map((part) => [splitOnce(part)[0]?.toLowerCase() ?? '', splitOnce(part)[1] ?? '']),
    );
    const cookie = { host: url.hostname, path: given.get('path') || '/', name, value };
    const key = `${cookie.host} ${cookie.path} ${name}`;
    const expires = given.get('expires');
    const isGone = given.get('max-age') === '0' || (expires !== undefined && Date.parse(expires) <= Date.now());
    if (isGone) jar.delete(key);
    else jar.set(key, cookie);
  }
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** Forms of a page with their named fields; buttons count only if they carry a name and a value. */
export function parseForms(html: string, base: URL): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, tag = '', content = '']) => {
    const form = parseAttributes(tag);
    const inputs = [...content.matchAll(/<(input|button)\b([^>]*)>/gi)].map(([, element = '', attributes = '']) => {
      const { name, type, value } = parseAttributes(attributes);
      return {
        name: name ?? '',
        type: type ?? (element.toLowerCase() === 'button' ? 'submit' : 'text'),
        value: value ?? '',
      };
    });
    // A browser sends the one button that was pressed: the first, which is the one a page wants pressed.
    const pressed = inputs.find(({ type }) => type === 'submit');
    return {
      action: new URL(form.action ?? '', base),
      method: form.method?.toLowerCase() ?? 'get',
      fields: inputs.filter((input) => input.name !== '' && (input.type !== 'submit' || input === pressed)),
    };
  });
}

function parseAttributes(tag: string): Record<string, string | undefined> {
  const pairs = tag.matchAll(/([a-z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gi);
  return Object.fromEntries(
    [...pairs].map(([, name = '', quoted, single, bare]) => [
      name.toLowerCase(),
      decodeEntities(quoted ?? single ?? bare ?? ''),
    ]),
  );
}

function decodeEntities(text: string): string {
  const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal) return String.fromCodePoint(Number(decimal));
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    return named[name] ?? whole;
  });
}
