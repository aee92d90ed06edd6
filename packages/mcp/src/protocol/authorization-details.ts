import { isName } from './id-jag.ts';
import { isObject, type JsonObject, parseStrictJson } from './strict-json.ts';

/** One permission in the words of its type: what may be done, and to what. @see https://www.rfc-editor.org/rfc/rfc9396#section-2 */
export interface AuthorizationDetail extends JsonObject {
  readonly type: string;
}

/** At most this many are read from one parameter or claim; more is refused. */
const maxDetails = 20;
const maxLength = 8 * 1024;

/** Reads the parameter: a JSON array in a string, to the letter; `undefined` when it is anything else (B24). */
export function parseAuthorizationDetails(text: string): readonly AuthorizationDetail[] | undefined {
  return text.length <= maxLength ? toAuthorizationDetails(parseStrictJson(text, 8)) : undefined;
}

/** The same for a claim: one or more objects, each of a type. Whether the types are known is for the server to say. */
export function toAuthorizationDetails(value: unknown): readonly AuthorizationDetail[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxDetails) return undefined;
  return value.every((detail) => isObject(detail) && isName(detail.type, 128)) ? value : undefined;
}
