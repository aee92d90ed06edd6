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
  return membersAreUnique(text, maxDepth) ? value : undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const [quote, backslash, comma, openBrace, closeBrace, openBracket, closeBracket] = [...'"\\,{}[]'].map((character) =>
  character.charCodeAt(0),
);

/** Walks text that `JSON.parse` has already accepted, so the grammar needs no second check. */
function membersAreUnique(text: string, maxDepth: number): boolean {
  const open: (Set<string> | null)[] = []; // one entry a level: the member names seen, or null for an array
  let nameComesNext = false;

  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote: {
        const end = endOfString(text, at);
        const names = open.at(-1);
        if (nameComesNext && names) {
          const raw = text.slice(at + 1, end);
          const name = raw.includes('\\') ? String(JSON.parse(`"${raw}"`)) : raw;
          if (names.has(name)) return false;
          names.add(name);
          nameComesNext = false;
        }
        at = end;
        break;
      }
      case openBrace:
      case openBracket:
        nameComesNext = text.charCodeAt(at) === openBrace;
        open.push(nameComesNext ? new Set() : null);
        if (open.length > maxDepth) return false;
        break;
      case closeBrace:
      case closeBracket:
        open.pop();
        nameComesNext = false;
        break;
      case comma:
        nameComesNext = open.at(-1) instanceof Set;
        break;
    }
  }
  return true;
}

/** The quote that ends a string: the next one with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text.charCodeAt(before - 1) === backslash) before -= 1;
    if ((end - before) % 2 === 0) return end;
  }
}
