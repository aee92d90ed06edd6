import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** Where the build puts the console: beside the sources of the server, and so in its package too. */
const folder = fileURLToPath(new URL('../../console/', import.meta.url));

interface ConsoleFile {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly zipped: Uint8Array<ArrayBuffer>;
}

/** The console as it was built: its one page, and what that loads by paths that carry a hash. */
export interface ConsoleFiles {
  readonly page: ConsoleFile;
  readonly assets: ReadonlyMap<string, ConsoleFile>;
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Reads the console into memory, so that no request ever names a file; `undefined` where nobody has built it. */
export function readConsoleFiles(from = folder): ConsoleFiles | undefined {
  try {
    const assets = readdirSync(join(from, 'assets')).filter((name) => types[extname(name)] !== undefined);
    return {
      page: read(join(from, 'index.html')),
      assets: new Map(assets.map((name) => [`/assets/${name}`, read(join(from, 'assets', name))])),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function read(path: string): ConsoleFile {
  const body = new Uint8Array(readFileSync(path));
  return { type: types[extname(path)] ?? '', body, zipped: new Uint8Array(gzipSync(body)) };
}

/**
 * What the page of the console may do: run our own scripts and style sheets from files, and speak to this listener. Nothing
 * inline, nothing of anybody else, and no script that is made of text (Trusted Types).
 * @see https://www.w3.org/TR/CSP3/
 */
const consolePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const pageHeaders = {
  'content-security-policy': consolePolicy,
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cache-control': 'no-cache',
};

const assetHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'public, max-age=31536000, immutable',
};

/** The page, the same at each of its addresses: what is shown there is the business of its script. */
export function toConsolePage({ page }: ConsoleFiles, request: Request): Response {
  return toResponse(page, request, pageHeaders);
}

/** What the page loads; `undefined` for what is not there. */
export function findConsoleAsset({ assets }: ConsoleFiles, request: Request): Response | undefined {
  const asset = assets.get(new URL(request.url).pathname);
  return asset && toResponse(asset, request, assetHeaders);
}

function toResponse({ type, body, zipped }: ConsoleFile, request: Request, headers: Record<string, string>): Response {
  const zips = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '');
  return new Response(zips ? zipped : body, {
    headers: {
      ...headers,
      'content-type': type,
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      vary: 'accept-encoding',
      ...(zips && { 'content-encoding': 'gzip' }),
    },
  });
}
