import type { JsonObject } from '@credence/mcp/protocol';
import type { AuditRecord, Facts } from '../../audit/record.ts';
import { toRow } from '../../audit/record.ts';
import { eventId } from '../../call.ts';
import { cannot, done, type Outcome, type ScimProblem } from '../../directory/scim/problem.ts';
import { isWanted, type Selection, toSelection } from '../../directory/scim/select.ts';
import { toEtag } from '../../directory/scim/user.ts';
import type { Source } from '../../directory/source.ts';
import { untilWritten } from '../../directory/until-written.ts';
import type { AccessIndex } from '../../policy/compile.ts';
import type { AuditRow, Store } from '../../store/store.ts';

/** What the endpoints work with. */
export interface Scim {
  /** `https://id.acme.example/scim/v2` */
  readonly base: string;
  readonly store: Store;
  readonly policy: () => AccessIndex;
  /** Searches that no index answers; each reads every record of a source. */
  readonly mayScan: (credential: string) => boolean;
  /** Puts a refused change on the record and resolves to the id to be told. */
  readonly recordRefusal: (call: ScimCall, problem: ScimProblem) => Promise<string | undefined>;
}

/** One request of a client that has proven which source it speaks for. */
export interface ScimCall {
  readonly source: Source;
  /** Id of its token, for the record. */
  readonly credential: string;
  readonly address: string;
  readonly correlation: string | undefined;
  readonly nowMs: number;
  readonly method: string;
  /** What comes behind `/scim/v2/`, in parts. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: JsonObject | undefined;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

export interface Reply {
  readonly status: number;
  readonly body?: object;
  readonly etag?: string;
  readonly location?: string;
}

/** Ids on one line of the record; a longer list takes several lines. */
const idsOnALine = 1000;

/** The lines that say what a change did: who joined and left may need more than one. */
export function toRecords(call: ScimCall, facts: Facts): AuditRow[] {
  const { joined = [], left = [], ...rest } = facts;
  const lines = Math.max(1, Math.ceil(joined.length / idsOnALine), Math.ceil(left.length / idsOnALine));
  const part = (ids: readonly string[], line: number) => ids.slice(line * idsOnALine, (line + 1) * idsOnALine);
  return Array.from({ length: lines }, (_, line) => {
    const [in_, out] = [part(joined, line), part(left, line)];
    const record: AuditRecord = {
      v: 2,
      id: eventId('d_'),
      kind: 'directory',
      domain: 'idp',
      timeMs: call.nowMs,
      outcome: 'allowed',
      address: call.address,
      ...(call.correlation && { correlation: call.correlation }),
      source: call.source,
      credential: call.credential,
      ...rest,
      ...(in_.length > 0 && { joined: in_ }),
      ...(out.length > 0 && { left: out }),
    };
    return toRow(record);
  });
}

/**
 * Tries a change of a record until it is written: each round finds the record anew, in the version the client speaks of, and
 * `change` resolves to nothing where somebody else was faster.
 */
export async function changeRecord<R extends { readonly version: number }, T>(
  call: ScimCall,
  what: 'user' | 'group',
  find: () => Promise<R | undefined>,
  change: (record: R) => Promise<Outcome<T> | undefined>,
): Promise<Outcome<T>> {
  return untilWritten(what, async () => {
    const record = await find();
    if (!record) return notFound(what);
    const version = checkVersion(call, record.version);
    return version.ok ? change(record) : version;
  });
}

/** `If-Match`: `*`, or a list of tags; weak ones are compared by what is in the quotes (RFC 7644 §3.14). */
function checkVersion({ ifMatch }: ScimCall, version: number): Outcome<void> {
  if (ifMatch === undefined || namesVersion(ifMatch, version)) return done(undefined);
  return cannot('scim_version_differs', `the record has version ${toEtag(version)} now`);
}

function namesVersion(header: string, version: number): boolean {
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(`"${version}"`);
}

/**
 * A resource, unless the client has this version already.
 * @param besides - an attribute that changes without the version: memberships stand in a record of their own
 */
export function toReply(
  call: ScimCall,
  status: number,
  version: number,
  body: object,
  { location, besides }: { readonly location: string; readonly besides: string },
): Reply {
  const etag = toEtag(version);
  const { method, ifNoneMatch } = call;
  const isVersioned = method === 'GET' && !isWanted(selectionOf(call), besides);
  const isKnown = isVersioned && ifNoneMatch !== undefined && namesVersion(ifNoneMatch, version);
  return isKnown ? { status: 304, etag } : { status, body, etag, location };
}

/** `attributes` and `excludedAttributes`, from the query, or the body of a `.search`. */
export function selectionOf({ query, body, path }: ScimCall): Selection {
  const isSearch = path.at(-1) === '.search';
  const listOf = (name: string) => {
    const asked = isSearch ? body?.[name] : query.get(name);
    const names = Array.isArray(asked) ? asked : typeof asked === 'string' ? asked.split(',') : [];
    return names
      .filter((each) => typeof each === 'string')
      .map((each) => each.trim())
      .slice(0, 100);
  };
  return toSelection(listOf('attributes'), listOf('excludedAttributes'));
}

export function notFound(what: 'user' | 'group') {
  return cannot('scim_not_found', `there is no such ${what}`);
}

/** The body of a request that cannot do without one. */
export function bodyOf({ body }: ScimCall): Outcome<JsonObject> {
  return body ? done(body) : cannot('scim_body_malformed', 'a JSON object is needed');
}
