import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Finding } from './references.ts';

/** A mistake with its place in the text, counted from 1. */
export interface YamlProblem {
  readonly line: number;
  readonly column: number;
  /** Keys and indexes from the top, such as `rules[0].allow[1]`. */
  readonly path: string;
  readonly message: string;
}

export type ReadYaml =
  | { readonly ok: true; readonly value: unknown; readonly locate: (finding: Finding) => YamlProblem }
  | { readonly ok: false; readonly problems: readonly YamlProblem[] };

/** The path of what concerns the text as a whole. */
export const wholeText = 'document';

const maxCharacters = 8 * 1024 * 1024;

/**
 * Reads one YAML 1.2 document of plain data. What lets a text say something else than it seems to is refused: duplicate
 * keys, tags, directives, anchors and aliases (which also blow up small texts into large values).
 */
export function readYaml(text: string): ReadYaml {
  if (text.length > maxCharacters) {
    const message = `is larger than ${maxCharacters / 1024 / 1024} MiB`;
    return { ok: false, problems: [{ line: 1, column: 1, path: wholeText, message }] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, schema: 'core' });
  const problems: YamlProblem[] = [];
  const say = (offset: number, message: string) => {
    const { line, col } = lines.linePos(offset);
    problems.push({ line: Math.max(line, 1), column: Math.max(col, 1), path: wholeText, message });
  };
  for (const { code, message, pos } of document.errors) say(pos[0], words[code] ?? message);
  if (document.errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION'))
    return { ok: false, problems: problems.slice(0, 1) };

  if (document.directives?.yaml.explicit) say(0, 'YAML directives are not allowed here');
  visit(document, {
    Node(_key, node) {
      const offset = node.range?.[0] ?? 0;
      if (isAlias(node)) say(offset, 'aliases (*name) are not allowed here; write the value out');
      else if (node.anchor) say(offset, 'anchors (&name) are not allowed here');
      else if (node.tag) say(offset, `the tag ${node.tag} is not allowed here; write a plain value`);
    },
  });
  if (problems.length > 0) return { ok: false, problems: problems.sort((a, b) => a.line - b.line) };
  return { ok: true, value: document.toJS() ?? {}, locate: (finding) => locate(document, lines, finding) };
}

const words: Record<string, string> = {
  DUPLICATE_KEY: 'this key is there twice; the second would silently win',
  MULTIPLE_DOCS: 'holds more than one document; only one is allowed',
  NON_STRING_KEY: 'a key must be plain text',
  RESOURCE_EXHAUSTION: 'is nested too deeply',
};

/** Follows a path as far as the text goes; what is missing is told at the place where it should be. */
function locate(document: Document.Parsed, lines: LineCounter, { path, message, atKey = false }: Finding): YamlProblem {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const [depth, part] of path.entries()) {
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (!pair || !isScalar(pair.key)) break;
      const { key, value } = pair;
      // A scalar is told at its value; a mapping or list at its key, which is where the eye looks for it.
      const isLast = depth === path.length - 1;
      const place = isLast && !atKey && isScalar(value) ? value : key;
      offset = place.range?.[0] ?? offset;
      next = value;
    } else if (isSeq(node) && typeof part === 'number') {
      next = node.items[part];
      if (isNode(next)) offset = next.range?.[0] ?? offset;
    } else break;
    node = next;
  }
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1), path: toPathText(path), message };
}

function toPathText(path: Finding['path']): string {
  if (path.length === 0) return wholeText;
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (!/^[\w:-]+$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}
