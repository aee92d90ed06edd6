import { assets, markShape, passkeyAsset } from './assets.ts';
import { type Html, html } from './html.ts';

/** One page in the look of the sign-in: a bar, one letter in the middle, a remark at the foot. */
export interface Page {
  readonly title: string;
  /** Shown at the right of the bar, such as `id.acme.example`. */
  readonly host: string;
  /** What stands in the letter; begins with the `h1`. */
  readonly letter: Html;
  readonly foot?: string | undefined;
  /** Loads the script that asks the browser for a passkey; the headers have to allow it. */
  readonly asksPasskey?: boolean | undefined;
  /** For a page with more to read than a sign-in has. */
  readonly wide?: boolean | undefined;
  /** More for the head, such as where the page leads on to. */
  readonly inHead?: Html | undefined;
}

/** The whole document. No inline script or style: the policy in `pageHeaders` would refuse both. */
export function renderPage({ title, host, letter, foot, asksPasskey, wide, inHead }: Page): string {
  const mark = html`<svg viewBox="0 0 20 20" aria-hidden="true">${markShape}</svg>`;
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Credence</title>
<link rel="stylesheet" href="${assets.style.path}">
<link rel="icon" type="image/svg+xml" href="${assets.icon.path}">${
    asksPasskey &&
    html`
<script src="${passkeyAsset.path}" defer></script>`
  }${inHead}
</head>
<body>
<header class="bar"><span class="brand">${mark}Credence</span><span class="host">${host}</span></header>
<main><div class="letter${wide === true && ' wide'}">
${letter}
</div></main>
${foot !== undefined && html`<footer class="foot">${foot}</footer>`}
</body>
</html>
`;
  return page.toString();
}

/** Barred ring: refused, in shape as well as in word and colour. */
export const barredRing = html`<svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2"/><path d="M3.8 12.2 12.2 3.8" stroke="currentColor" stroke-width="2"/></svg>`;
