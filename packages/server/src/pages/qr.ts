import qrcode from 'qrcode-generator';
import { type Html, html } from './html.ts';

/** Blank modules around the code (ISO/IEC 18004 §6.3.8). */
const quiet = 4;

/**
 * A QR code as inline SVG, one path: nothing is fetched for it, so the secret in it goes nowhere.
 * @param label - what is in it, for who cannot see it
 */
export function qrSvg(text: string, label: string): Html {
  const code = qrcode(0, 'M');
  code.addData(text, 'Byte');
  code.make();
  const size = code.getModuleCount();
  const indexes = Array.from({ length: size }, (_, index) => index);
  const path = indexes
    .flatMap((row) => indexes.filter((column) => code.isDark(row, column)).map((column) => `M${column} ${row}h1v1h-1z`))
    .join('');
  const box = `${-quiet} ${-quiet} ${size + 2 * quiet} ${size + 2 * quiet}`;
  return html`<svg class="qr" viewBox="${box}" role="img" aria-label="${label}" shape-rendering="crispEdges"><path d="${path}" fill="currentColor"/></svg>`;
}
