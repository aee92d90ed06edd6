import { type AuthorizationDetail, no, ok, parseAuthorizationDetails, type Result } from '@credence/mcp/protocol';
import { sameResource } from './resource-uri.ts';

/** What a member of a detail may say: any text, a list of any texts, or a list of these. */
export type DetailMember = 'text' | 'list' | ReadonlySet<string>;

/** A type of authorization details that a server knows (RFC 9396 §5: "unknown types and fields are refused"). */
export interface DetailType {
  /** Granted only together with this scope; whatever withholds the scope withholds the detail. */
  readonly scope: string;
  readonly members: ReadonlyMap<string, DetailMember>;
}

/** What is asked of the server a detail is for. */
interface DetailServer {
  readonly resource: string;
  readonly detailTypes: ReadonlyMap<string, DetailType>;
}

const maxValues = 50;
const maxTextLength = 512;

/** What is wrong with details for this server: a type it does not know, or a member that is not as its type says. */
export function problemOfDetails(
  details: readonly AuthorizationDetail[],
  server: DetailServer,
): 'unknown_type' | 'malformed' | undefined {
  if (!details.every(({ type }) => server.detailTypes.has(type))) return 'unknown_type';
  return details.every((detail) => isWellFormed(detail, server)) ? undefined : 'malformed';
}

/** Reads the parameter of either leg, for this server (IDP-23, RAS-22, B24). */
export function checkParameter(text: string, server: DetailServer): Result<readonly AuthorizationDetail[]> {
  const details = parseAuthorizationDetails(text);
  const problem = details ? problemOfDetails(details, server) : 'malformed';
  if (problem === 'unknown_type') return no('authorization_details_unsupported');
  return details && !problem ? ok(details) : no('authorization_details_malformed');
}

function isWellFormed(detail: AuthorizationDetail, { resource, detailTypes }: DetailServer): boolean {
  const members = detailTypes.get(detail.type)?.members;
  return Object.entries(detail).every(([name, value]) => {
    if (name === 'type') return true;
    // A detail speaks of the resource it is granted for, or of none (draft §4.3.3: consistency with `resource`).
    if (name === 'locations') return isList(value) && value.every((location) => sameResource(resource, location));
    const member = members?.get(name);
    if (member === undefined) return false;
    if (member === 'text') return isText(value);
    return isList(value) && (member === 'list' || value.every((one) => member.has(one)));
  });
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxTextLength;
}

function isList(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.length <= maxValues && value.every(isText);
}

/** Of the details asked for, those that some granted one covers: nothing is widened (RAS-22). */
export function narrowDetails(
  granted: readonly AuthorizationDetail[],
  asked: readonly AuthorizationDetail[],
): readonly AuthorizationDetail[] {
  return asked.filter((one) => granted.some((other) => covers(other, one)));
}

/** Every limit of the wider one is kept by the narrower, which may set more of its own. */
function covers(wider: AuthorizationDetail, narrower: AuthorizationDetail): boolean {
  return Object.entries(wider).every(([name, limit]) => {
    const allowed = [limit].flat();
    return [narrower[name]].flat().every((value) => allowed.includes(value)); // absent is no value that is allowed
  });
}
