/** Markup that has been escaped. Only {@link html} makes one, so a plain string can never pass for markup. */
export class Html {
  readonly #markup: string;

  constructor(parts: TemplateStringsArray, values: readonly HtmlValue[]) {
    this.#markup = String.raw({ raw: parts }, ...values.map(toMarkup));
  }

  toString(): string {
    return this.#markup;
  }
}

/** What may stand in a template: text, which is escaped; markup, which is kept; nothing, which vanishes. */
export type HtmlValue = string | number | Html | readonly Html[] | undefined | false;

/** Markup with every value escaped, for element content and for attributes in double quotes; nowhere else. */
export function html(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(parts, values);
}

function toMarkup(value: HtmlValue): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  return Array.isArray(value) ? value.join('') : escapeHtml(String(value));
}

const replacements: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Bidirectional controls can make a name read as something else; what has no width, and line and control characters, have no place in one. */
const invisible = /(?!(?<=\p{Extended_Pictographic})[\uFE0E\uFE0F])[\p{Cc}\p{Cf}\p{DI}\u2028\u2029]/gu;

/** The one HTML escape. What cannot be seen is made visible as a box (T32). */
export function escapeHtml(text: string): string {
  return text.replace(invisible, '\uFFFD').replace(/[&<>"']/g, (character) => replacements[character] ?? '');
}
