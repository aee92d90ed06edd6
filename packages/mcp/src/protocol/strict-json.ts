/** A JSON object as it came from outside: nothing about its members is known yet. */
export type JsonObject = Record<string, unknown>;

/**
 * Reads exactly one JSON object, or `undefined`: no duplicate members at any depth, at most `maxDepth` levels.
 *
 * `JSON.parse` keeps the last of two equal members while another parser may keep the first; what one judged is then
 * not what the other acts on. So duplicates are refused (KEY-06).
 * @see https://www.rfc-editor.org/rfc/rfc7519#section-4
 */
export function parseStrictObject(text: string, maxDepth = 16): JsonObject | undefined {
  const value = parseStrictJson(text, maxDepth);
  return isObject(value) ? value : undefined;
}

/** Like {@link parseStrictObject} for any JSON value; `undefined` is never valid JSON, so it means refused. */
export function parseStrictJson(text: string, maxDepth = 16): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const members = membersIn(text, maxDepth);
  return members !== undefined && members === membersOf(value) ? value : undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const [quote, backslash, colon, openBrace, closeBrace, openBracket, closeBracket] = [...'"\\:{}[]'].map((character) =>
  character.charCodeAt(0),
);

/**
 * How many members the objects in a text have, at all levels; `undefined` when there are too many levels. The text is one that
 * `JSON.parse` has already accepted, so the grammar needs no second check: outside of strings, a colon is a member.
 */
function membersIn(text: string, maxDepth: number): number | undefined {
  let members = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at);
        break;
      case colon:
        members += 1;
        break;
      case openBrace:
      case openBracket:
        depth += 1;
        if (depth > maxDepth) return undefined;
        break;
      case closeBrace:
      case closeBracket:
        depth -= 1;
        break;
    }
  }
  return members;
}

/** How many members were kept of them. Of two of one name, however it is spelled, one was not, nor anything inside of it. */
function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) for (const item of value) members += membersOf(item);
  else for (const name in value) members += 1 + membersOf((value as JsonObject)[name]);
  return members;
}

/** The quote that ends a string: the next one with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text.charCodeAt(before - 1) === backslash) before -= 1;
    if ((end - before) % 2 === 0) return end;
  }
}
