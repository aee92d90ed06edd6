import type { EpochSeconds } from '@credence/mcp/protocol';
import { type Html, html } from '../../pages/html.ts';

/** A moment that people read: how long ago it was, as long as that is short; the exact time in reach. */
export function timeWords(ms: number, now: EpochSeconds): Html {
  const iso = new Date(ms).toISOString();
  // `now` is whole seconds: what has just happened may be a little ahead of it.
  const minutes = Math.trunc((now - ms / 1000) / 60);
  const words =
    minutes === 0
      ? 'just now'
      : minutes > 0 && minutes < 60
        ? `${minutes} min ago`
        : `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
  return html`<time datetime="${iso}" title="${iso}">${words}</time>`;
}
