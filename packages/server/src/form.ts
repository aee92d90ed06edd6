import { no, ok, type Result } from '@credence/mcp/protocol';

/** Parameters of a form body, each at most once, none empty; `resource` alone may repeat (RFC 8707 §2). */
export interface Form {
  get(name: string): string | undefined;
  readonly resources: readonly string[];
}

const maxParameters = 100;

/**
 * Reads an `application/x-www-form-urlencoded` body (IDP-06): a repeated parameter is refused, an empty one counts as
 * absent, unknown ones are ignored by never being asked for.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-3.2
 */
export function parseForm(body: string): Result<Form> {
  if (!isWellFormed(body) || body.split('&', maxParameters + 1).length > maxParameters) return no('malformed_form');
  const values = new Map<string, string>();
  const resources: string[] = [];
  for (const [name, value] of new URLSearchParams(body)) {
    if (value === '') continue;
    if (name === 'resource') resources.push(value);
    else if (values.has(name)) return no('repeated_parameter');
    else values.set(name, value);
  }
  return ok({ get: (name) => values.get(name), resources });
}

/** Every `%` starts an escape and the escapes are UTF-8; `URLSearchParams` would silently mend what is not. */
function isWellFormed(body: string): boolean {
  try {
    decodeURIComponent(body.replaceAll('+', ' '));
    return true;
  } catch {
    return false;
  }
}
