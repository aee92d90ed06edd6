import { stripTypeScriptTypes } from 'node:module';

/** One check taken away or turned round: what a source would be with a single mistake in it. */
export interface Mutant {
  /** Where it begins, counted from 1. */
  readonly line: number;
  /** That line as it stands, and as it would be. Together they name the mutant, since line numbers move. */
  readonly before: string;
  readonly after: string;
  readonly source: string;
  /** Where the statement begins that it is part of: code that never comes there cannot tell. */
  readonly reachedAt: number;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Every mutant of a TypeScript source: one edit each, of code only, and each still a program. */
export function toMutants(source: string): Mutant[] {
  const code = blankOut(source);
  const edits = [...guards(code), ...operators(code), ...quantifiers(code), ...outcomes(code), ...notes(code)];
  return edits
    .sort((one, other) => one.start - other.start)
    .map((edit) => ({ ...toMutant(source, edit), reachedAt: startOfStatement(code, edit.start) }))
    .filter(({ source: mutated }) => isProgram(mutated));
}

/** Strings and comments as blanks of the same length, so that what is found in the rest is code. */
function blankOut(source: string): string {
  const pattern =
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*|(?<=[(,=:]\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/g;
  return source.replaceAll(pattern, (text) => text.replaceAll(/[^\n]/g, ' '));
}

/** Each `if` that is never entered. */
function guards(code: string): Edit[] {
  return [...code.matchAll(/\bif \(/g)].map(({ index }) => {
    const start = index + 'if ('.length;
    return { start, end: endOfParenthesis(code, start), text: 'false' };
  });
}

const turned: Readonly<Record<string, string>> = {
  '<=': '<',
  '<': '<=',
  '>=': '>',
  '>': '>=',
  '===': '!==',
  '!==': '===',
  '&&': '||',
  '||': '&&',
};

/** Each comparison moved by one or turned round, each `and` an `or`. */
function operators(code: string): Edit[] {
  return [...code.matchAll(/(?<=\s)(<=|<|>=|>|===|!==|&&|\|\|)(?=\s)/g)].map(({ index, 0: operator }) => ({
    start: index,
    end: index + operator.length,
    text: turned[operator] ?? operator,
  }));
}

/** `every` for `some`, and the other way round. */
function quantifiers(code: string): Edit[] {
  return [...code.matchAll(/(?<=\.)(every|some)(?=\()/g)].map(({ index, 0: word }) => ({
    start: index,
    end: index + word.length,
    text: word === 'every' ? 'some' : 'every',
  }));
}

/** `a ? ok(b) : no(c)` with the refusal never reached. */
function outcomes(code: string): Edit[] {
  return [...code.matchAll(/(?<=\breturn )([^?;\n]+)(?= \? (ok|no)\([^\n]* : (ok|no)\()/g)].map(
    ({ index, 0: condition, 2: first }) => ({
      start: index,
      end: index + condition.length,
      text: first === 'ok' ? 'true' : 'false',
    }),
  );
}

/** What a handler notes down for later: that something is used up, that the client is known. */
function notes(code: string): Edit[] {
  return [...code.matchAll(/\bcall\.(?:mark|authenticated)\(/g)].map(({ index, 0: opening }) => ({
    start: index,
    end: endOfParenthesis(code, index + opening.length) + 1,
    text: 'void 0',
  }));
}

function endOfParenthesis(code: string, start: number): number {
  let depth = 1;
  let at = start;
  for (; at < code.length; at++) {
    if (code[at] === '(') depth += 1;
    else if (code[at] === ')') depth -= 1;
    if (depth === 0) break;
  }
  return at;
}

function startOfStatement(code: string, at: number): number {
  const before = code.slice(0, at);
  const last = Math.max(before.lastIndexOf(';'), before.lastIndexOf('{'), before.lastIndexOf('}')) + 1;
  return last + (/\S/.exec(code.slice(last))?.index ?? 0);
}

function toMutant(source: string, { start, end, text }: Edit): Omit<Mutant, 'reachedAt'> {
  const mutated = source.slice(0, start) + text + source.slice(end);
  const lineAt = (whole: string) =>
    whole
      .slice(whole.lastIndexOf('\n', start - 1) + 1)
      .split('\n', 1)[0]
      ?.trim() ?? '';
  return {
    line: source.slice(0, start).split('\n').length,
    before: lineAt(source),
    after: lineAt(mutated),
    source: mutated,
  };
}

function isProgram(source: string): boolean {
  try {
    stripTypeScriptTypes(source);
    return true;
  } catch {
    return false;
  }
}
