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

/** Walks text that `JSON.parse` has already accepted, so the grammar needs no second check. */
function membersAreUnique(text: string, maxDepth: number): boolean {
  const open: (Set<string> | null)[] = []; // one entry a level: the member names seen, or null for an array
  let nameComesNext = false;

  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : null);
      if (open.length > maxDepth) return false;
      nameComesNext = character === '{';
    } else if (character === '}' || character === ']') {
      open.pop();
      nameComesNext = false;
    } else if (character === ',') {
      nameComesNext = open.at(-1) instanceof Set;
    } else if (character === '"') {
      const end = endOfString(text, at);
      const names = open.at(-1);
      if (nameComesNext && names) {
        const raw = text.slice(at, end + 1);
        const name = raw.includes('\\') ? String(JSON.parse(raw)) : raw.slice(1, -1);
        if (names.has(name)) return false;
        names.add(name);
        nameComesNext = false;
      }
      at = end;
    }
  }
  return true;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
