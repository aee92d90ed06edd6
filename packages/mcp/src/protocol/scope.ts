/** One or more scope tokens separated by single spaces. @see https://www.rfc-editor.org/rfc/rfc6749#section-3.3 */
const scopeToken = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

/** At most this many scopes are read from one parameter or claim; more is refused (B23). */
const maxScopes = 200;

/** Splits a scope string into its distinct tokens, or `undefined` when it is not one to the letter of RFC 6749 §3.3. */
export function parseScope(text: string): string[] | undefined {
  if (text === '') return [];
  const tokens = text.split(' ');
  if (tokens.length > maxScopes || !tokens.every((token) => scopeToken.test(token))) return undefined;
  return [...new Set(tokens)];
}

export function isScopeToken(text: string): boolean {
  return scopeToken.test(text);
}
