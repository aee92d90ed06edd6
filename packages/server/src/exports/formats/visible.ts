/** What changes how text is shown, or where a line ends: control and format characters, bidi marks among them, and lone surrogates. */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

const hexOf = (character: string) => (character.codePointAt(0) ?? 0).toString(16);

/** Text for a format without escapes of its own: what cannot be seen is written as `\u{202e}` (T32, LOG-05). */
export function toVisible(text: string): string {
  return text.replace(invisible, (character) => `\\u{${hexOf(character)}}`);
}

/** JSON text of the same value in which every character can be seen: what cannot is escaped as JSON has it. */
export function toVisibleJson(value: unknown): string {
  return JSON.stringify(value).replace(invisible, (character) =>
    // JSON.stringify has left none of ASCII but DEL; beyond the first plane JSON wants both halves.
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
