import { clientAssertionType, grantType, no, ok, type Result, tokenType } from '@credence/mcp/protocol';

/** Parameters of a form body, each at most once, none empty; `resource` alone may repeat (RFC 8707 §2). */
export interface Form {
  get(name: string): string | undefined;
  readonly resources: readonly string[];
}

const maxParameters = 100;
/** U+0000, as it is and escaped: no parameter of anybody has it, and PostgreSQL keeps no text with it. */
const nulls = ['\0', '%00'];

/**
 * Reads an `application/x-www-form-urlencoded` body (IDP-06): a repeated parameter is refused, an empty one counts as
 * absent, unknown ones are ignored by never being asked for.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-3.2
 */
export function parseForm(body: string): Result<Form> {
  const pairs = body.split('&', maxParameters + 1);
  if (pairs.length > maxParameters || nulls.some((it) => body.includes(it))) return no('malformed_form');
  const values = new Map<string, string>();
  const resources: string[] = [];
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals === -1) {
      if (decode(pair) === undefined) return no('malformed_form');
      continue;
    }
    const [name, value] = [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))];
    if (name === undefined || value === undefined) return no('malformed_form');
    if (value === '') continue;
    if (name === 'resource') resources.push(value);
    else if (values.has(name)) return no('repeated_parameter');
    else values.set(name, value);
  }
  return ok({ get: (name) => values.get(name), resources });
}

/** Values that stand in every request, as nearly everybody writes them: known, and so not decoded again each time. */
const usual = [...Object.values(grantType), ...Object.values(tokenType), clientAssertionType].map((value) => ({
  value,
  encoded: encodeURIComponent(value),
}));

/** Decodes a name or value; `undefined` when a `%` starts no escape or the escapes are not UTF-8, where `URLSearchParams` would silently mend. */
function decode(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  // One after the other: to look it up, each would be hashed from end to end.
  for (const { value, encoded } of usual) if (encoded === spaced) return value;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}
