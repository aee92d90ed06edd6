import { cannot, done, type Outcome } from './problem.ts';

/** An attribute as a filter or a path names it, in lower case: `urn:...:user` `emails` `value`. */
export interface AttributePath {
  readonly urn: string | undefined;
  readonly name: string;
  readonly sub: string | undefined;
}

export type Operator = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';
export type Value = string | number | boolean | null;

/** A filter as a tree. @see https://www.rfc-editor.org/rfc/rfc7644#section-3.4.2.2 */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'present'; readonly path: AttributePath }
  | { readonly kind: 'compare'; readonly path: AttributePath; readonly is: Operator; readonly value: Value }
  /** `emails[type eq "work"]`: one value meets all of it. */
  | { readonly kind: 'has'; readonly path: AttributePath; readonly filter: Filter };

/** The path of a PATCH operation: `emails[type eq "work"].value`. */
export interface PatchPath extends AttributePath {
  readonly filter: Filter | undefined;
}

const maxLength = 4096;
const maxDepth = 16;
const maxTerms = 100;
const operators: readonly string[] = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] satisfies Operator[];

/** Reads a filter; what is not one in its whole length is refused. */
export function parseFilter(text: string): Outcome<Filter> {
  return parseWith(text, 'scim_filter_invalid', (reader) => reader.filter(0));
}

/** Reads the path of a PATCH operation. */
export function parsePatchPath(text: string): Outcome<PatchPath> {
  return parseWith(text, 'scim_path_invalid', (reader) => reader.path());
}

/** Reads one attribute's name, as `attributes`, `sortBy` and keys of a value without path have it. */
export function toAttributePath(word: string): AttributePath {
  const colon = word.lastIndexOf(':');
  const [name = '', ...rest] = word
    .slice(colon + 1)
    .toLowerCase()
    .split('.');
  const urn = colon === -1 ? undefined : word.slice(0, colon).toLowerCase();
  return { urn, name, sub: rest.length === 0 ? undefined : rest.join('.') };
}

class Malformed extends Error {}

function parseWith<T>(
  text: string,
  refusal: 'scim_filter_invalid' | 'scim_path_invalid',
  read: (reader: Reader) => T,
): Outcome<T> {
  if (text.length > maxLength) return cannot(refusal, `longer than ${maxLength} characters`);
  try {
    const reader = new Reader(text);
    const value = read(reader);
    reader.end();
    return done(value);
  } catch (error) {
    if (error instanceof Malformed) return cannot(refusal, error.message);
    throw error;
  }
}

type Token =
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: '(' | ')' | '[' | ']' | '.' };

/** Recursive descent: `or` binds least, then `and`, then `not`. */
class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;
  #terms = 0;

  constructor(text: string) {
    this.#tokens = toTokens(text);
  }

  filter(depth: number): Filter {
    if (depth > maxDepth) throw new Malformed(`nested deeper than ${maxDepth} levels`);
    return this.#chain('or', () => this.#chain('and', () => this.#term(depth)));
  }

  path(): PatchPath {
    const path = toPath(this.#word());
    if (!this.#take('[')) return { ...path, filter: undefined };
    const filter = this.filter(1);
    this.#expect(']');
    return { ...path, filter, sub: this.#subAttribute() };
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw new Malformed('does not end where it should');
  }

  #chain(word: 'and' | 'or', read: () => Filter): Filter {
    const of = [read()];
    while (this.#takeWord(word)) of.push(read());
    const [only] = of;
    return only && of.length === 1 ? only : { kind: word, of };
  }

  #term(depth: number): Filter {
    this.#terms += 1;
    if (this.#terms > maxTerms) throw new Malformed(`has more than ${maxTerms} terms`);
    if (this.#takeWord('not')) {
      this.#expect('(');
      const of = this.filter(depth + 1);
      this.#expect(')');
      return { kind: 'not', of };
    }
    if (this.#take('(')) {
      const inner = this.filter(depth + 1);
      this.#expect(')');
      return inner;
    }
    const path = toPath(this.#word());
    if (!this.#take('[')) return this.#comparison(path);
    const filter = this.filter(depth + 1);
    this.#expect(']');
    // `emails[type eq "work"].value eq "x"`: Entra asks so, beyond the grammar. One value meets both.
    const sub = this.#subAttribute();
    if (sub === undefined) return { kind: 'has', path, filter };
    const own = this.#comparison({ urn: undefined, name: sub, sub: undefined });
    return { kind: 'has', path, filter: { kind: 'and', of: [filter, own] } };
  }

  #comparison(path: AttributePath): Filter {
    const is = this.#word().toLowerCase();
    if (is === 'pr') return { kind: 'present', path };
    if (!operators.includes(is)) throw new Malformed('has an operator that is none of eq ne co sw ew gt ge lt le pr');
    const token = this.#tokens[this.#at++];
    const value = token?.kind === 'value' ? token.value : token?.kind === 'word' ? toConstant(token.text) : undefined;
    if (value === undefined) throw new Malformed('has an operator without a value; text stands in double quotes');
    return { kind: 'compare', path, is: is as Operator, value };
  }

  #subAttribute(): string | undefined {
    if (!this.#take('.')) return undefined;
    const word = this.#word().toLowerCase();
    if (!/^[a-z$][\w$-]*$/.test(word)) throw new Malformed('has a sub-attribute that is no name');
    return word;
  }

  #word(): string {
    const token = this.#tokens[this.#at++];
    if (token?.kind !== 'word') throw new Malformed('has no attribute or operator where one should be');
    return token.text;
  }

  #takeWord(word: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'word' || token.text.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #take(kind: Token['kind']): boolean {
    if (this.#tokens[this.#at]?.kind !== kind) return false;
    this.#at += 1;
    return true;
  }

  #expect(kind: Token['kind']): void {
    if (!this.#take(kind)) throw new Malformed(`lacks a ${kind}`);
  }
}

const pattern =
  /\s*(?:([()[\].])|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w$:.-])|([A-Za-z$][\w$:.-]*))/y;

function toTokens(text: string): Token[] {
  const tokens: Token[] = [];
  const source = text.trim();
  pattern.lastIndex = 0;
  while (pattern.lastIndex < source.length) {
    const found = pattern.exec(source);
    if (!found) throw new Malformed('has characters that mean nothing in it');
    const [, bracket, quoted, number, word] = found;
    if (bracket) tokens.push({ kind: bracket as '(' });
    else if (quoted) tokens.push({ kind: 'value', value: toText(quoted) });
    else if (number) tokens.push({ kind: 'value', value: Number(number) });
    else tokens.push({ kind: 'word', text: word ?? '' });
  }
  return tokens;
}

/** A string is written as in JSON (RFC 7159 §7). No record holds a NUL, and to a question with one PostgreSQL has no answer. */
function toText(quoted: string): string {
  let text: string;
  try {
    text = String(JSON.parse(quoted));
  } catch {
    throw new Malformed('has a string that is not one of JSON');
  }
  if (text.includes('\0')) throw new Malformed('has a string with a NUL in it');
  return text;
}

/** `true`, `false` and `null`; some clients write them as .NET does. */
function toConstant(word: string): Value | undefined {
  return { true: true, false: false, null: null }[word.toLowerCase()];
}

/** A word as it stands before an operator: a name with at most one sub-attribute, perhaps behind a schema. */
function toPath(word: string): AttributePath {
  const path = toAttributePath(word);
  const isName = /^[a-z$][\w$-]*$/.test(path.name) && (path.sub === undefined || /^[a-z$][\w$-]*$/.test(path.sub));
  if (!isName) throw new Malformed('has an attribute that is no name');
  return path;
}
