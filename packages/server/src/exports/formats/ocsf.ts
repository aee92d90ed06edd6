import type { RecordKind } from '../../audit/record.ts';
import { type Exported, scopesOf, subjectOf } from './exported.ts';
import { toVisibleJson } from './visible.ts';

/** The version of the schema whose classes and attributes are used. @see https://schema.ocsf.io/1.2.0/ */
export const ocsfVersion = '1.2.0';

/** What a class of the schema says of a record: its number, the activity in it, and the members it has beyond those of every event. */
interface OcsfEvent {
  readonly classUid: number;
  /** 99 = other, which has a name. */
  readonly activity: number | string;
  readonly members: object;
}

const other = 99;
const severities = { informational: 1, low: 2, high: 4 } as const;
/** No scope by name: what policy allows. The schema wants a word for it. */
const whateverIsAllowed = '(whatever policy allows)';

/** Which class each kind is. A new kind does not compile until it is here. */
const events: Readonly<Record<RecordKind, (record: Exported) => OcsfEvent>> = {
  sign_in: (record) => authentication(1, record),
  sign_out: (record) => authentication(2, record),
  factor: (record) => accountChange('second factor', record),
  decision: authorizeSession,
  issuance: authorizeSession,
  redemption: authorizeSession,
  revocation: (record) => ({
    classUid: 3005,
    activity: 2,
    members: { user: toUser(record), privileges: privilegesOf(record), ...resourceOf(record) },
  }),
  refusal: apiActivity,
  tool_call: apiActivity,
  admin: apiActivity,
  policy: (record) => entity('Policy', `${record.policy?.kind ?? ''} policy`.trim(), record.policy?.version, record),
  key: (record) => entity('Key', 'signing key', undefined, record),
  directory: (record) => (record.group === undefined ? accountChange('directory', record) : groupManagement(record)),
  alert: (record) => ({
    classUid: 2004,
    activity: 1,
    members: {
      is_alert: true,
      finding_info: { uid: record.id, title: record.detail ?? record.reason ?? 'alert', created_time: record.timeMs },
    },
  }),
  system: (record) => ({
    classUid: 6002,
    activity: record.detail ?? 'system',
    members: { app: { name: 'Credence', vendor_name: 'Credence' } },
  }),
};

/** Every kind of record there is. */
export const recordKinds: readonly string[] = Object.keys(events);

/** The record as an event of the Open Cybersecurity Schema Framework, on one line; whole, it is in `unmapped`. */
export function toOcsf(record: Exported): string {
  const { classUid, activity, members } = events[record.kind](record);
  const activityId = typeof activity === 'number' ? activity : other;
  const isFinding = classUid === 2004;
  return toVisibleJson({
    metadata: {
      version: ocsfVersion,
      product: { name: 'Credence', vendor_name: 'Credence' },
      uid: record.id,
      sequence: record.chain.seq,
      log_name: record.chain.node,
      ...(record.correlation !== undefined && { correlation_uid: record.correlation }),
    },
    time: record.timeMs,
    category_uid: Math.floor(classUid / 1000),
    class_uid: classUid,
    activity_id: activityId,
    ...(typeof activity === 'string' && { activity_name: activity }),
    type_uid: classUid * 100 + activityId,
    severity_id: severityOf(record),
    status_id: isFinding || record.outcome === 'allowed' ? 1 : 2, // of a finding 1 is "new"
    ...(!isFinding && { status: record.outcome === 'allowed' ? 'Success' : 'Failure' }),
    ...(record.reason !== undefined && { status_code: record.reason }),
    ...(record.detail !== undefined && { status_detail: record.detail }),
    ...members,
    unmapped: { record },
  });
}

function severityOf({ kind, outcome }: Exported): number {
  if (kind === 'alert') return severities.high;
  return outcome === 'refused' ? severities.low : severities.informational;
}

function authentication(activity: 1 | 2, record: Exported): OcsfEvent {
  const { session, amr } = record;
  return {
    classUid: 3002,
    activity,
    members: {
      user: toUser(record),
      service: { name: 'Credence identity provider' },
      ...endpointOf(record),
      ...(session !== undefined && { session: { uid: session } }),
      ...(amr !== undefined && { is_mfa: amr.includes('mfa') }),
    },
  };
}

/** Being granted, or denied, an ID-JAG or an access token: a session of an agent, with the scopes it may use. */
function authorizeSession(record: Exported): OcsfEvent {
  const uid = record.accessToken ?? record.idJag ?? record.session;
  return {
    classUid: 3003,
    activity: 1,
    members: {
      actor: toActor(record),
      user: toUser(record),
      privileges: privilegesOf(record),
      ...endpointOf(record),
      ...(uid !== undefined && { session: { uid } }),
      ...(record.server !== undefined && { dst_endpoint: { svc_name: record.server } }),
    },
  };
}

/** A request and what became of it. What a tool does to its data is not ours to say: the activity is its name. */
function apiActivity(record: Exported): OcsfEvent {
  const operation = record.tool ?? record.method ?? record.grantType ?? record.kind;
  const service = record.server ?? record.audience ?? record.domain;
  return {
    classUid: 6003,
    activity: record.kind === 'tool_call' ? (record.method ?? 'tools/call') : record.kind,
    members: {
      actor: toActor(record),
      api: { operation, service: { name: service }, ...responseOf(record) },
      src_endpoint: record.address === undefined ? { name: 'unknown' } : { ip: record.address },
      ...resourceOf(record, 'resources'),
    },
  };
}

function responseOf({ status }: Exported): object {
  return status === undefined ? {} : { response: { code: status } };
}

function accountChange(what: string, record: Exported): OcsfEvent {
  const members = { actor: toActor(record), user: toUser(record), ...endpointOf(record) };
  return { classUid: 3001, activity: record.detail ?? what, members };
}

/** The class is about one person; where several move at once the group is what changed. */
function groupManagement(record: Exported): OcsfEvent {
  const { group, joined = [], left = [] } = record;
  const actor = toActor(record);
  const [user] = [...joined, ...left];
  if (joined.length + left.length > 1) return entity('Group', group ?? 'group', undefined, record);
  const activity = joined.length === 1 ? 3 : left.length === 1 ? 4 : (record.detail ?? 'changed');
  const subject = user === undefined ? toUser(record) : { uid: user, type_id: 1 };
  return { classUid: 3006, activity, members: { actor, group: { uid: group }, user: subject } };
}

function entity(type: string, name: string, version: number | undefined, record: Exported): OcsfEvent {
  const entity = { name, type, ...(version !== undefined && { version: String(version) }) };
  return { classUid: 3004, activity: 3, members: { actor: toActor(record), entity } };
}

/** Who acts: the agent, in whose name, and the administrator where one did it. */
function toActor(record: Exported): object {
  const { client, by, session } = record;
  const uid = by ?? subjectOf(record);
  return {
    app_name: client ?? 'Credence',
    ...(client !== undefined && { app_uid: client }),
    ...(uid !== undefined && { user: { uid, type_id: by === undefined ? 1 : 2 } }),
    ...(session !== undefined && { session: { uid: session } }),
  };
}

function toUser(record: Exported): object {
  const uid = subjectOf(record);
  return uid === undefined ? { name: 'unknown', type_id: 0 } : { uid, type_id: 1 };
}

function privilegesOf(record: Exported): readonly string[] {
  const scopes = scopesOf(record);
  return scopes.length > 0 ? scopes : [whateverIsAllowed];
}

function endpointOf({ address }: Exported): object {
  return address === undefined ? {} : { src_endpoint: { ip: address } };
}

function resourceOf({ resource, server }: Exported, member: 'resource' | 'resources' = 'resource'): object {
  if (resource === undefined) return {};
  const details = { uid: resource, ...(server !== undefined && { name: server }) };
  return { [member]: member === 'resources' ? [details] : details };
}
