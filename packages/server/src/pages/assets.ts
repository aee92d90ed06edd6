import { createHash } from 'node:crypto';
import { html } from './html.ts';
import { passkeyScript } from './passkey-script.ts';
import { styleSheet } from './styles.ts';

/** A file that pages load. Its path carries its hash, so it may be kept for ever and is never stale. */
export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

/** The mark: a sealed letter, its corner folded. */
export const markShape = html`<path d="M4 2.5h8.5l4 4v11h-12.5z" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"/><path d="M6.5 7h3.5" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"/><circle cx="12" cy="12.5" r="2.6" fill="currentColor"/>`;

const style = toAsset('credence', 'css', 'text/css; charset=utf-8', styleSheet);
const script = toAsset('passkey', 'js', 'text/javascript; charset=utf-8', passkeyScript);
const icon = toAsset(
  'mark',
  'svg',
  'image/svg+xml',
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20" color="#63635c">${markShape}</svg>`,
);

export const assets = { style, icon } as const;
/** Only for pages whose headers allow it. */
export const passkeyAsset = script;

/** The asset at this path, if there is one. */
export function findAsset(path: string): Asset | undefined {
  return [style, icon, script].find((asset) => asset.path === path);
}

/** Headers that go with an asset. */
export function assetHeaders({ type }: Asset): Record<string, string> {
  return {
    'content-type': type,
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
  };
}

function toAsset(name: string, extension: string, type: string, body: string): Asset {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
  return { path: `/assets/${name}-${hash}.${extension}`, type, body };
}
