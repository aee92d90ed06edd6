/** One thing that is measured. Names and labels are an interface: dashboards and alerts of operators rest on them. */
export interface Family {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** What several processes of one installation make together of one series: the sum, or for a gauge the largest. */
  readonly merge?: 'sum' | 'max';
  /** Upper ends of the buckets of a histogram. */
  readonly buckets?: readonly number[];
}

/** Durations, from what the memory answers to what a person gives up on. */
const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Everything that `/metrics` tells. No label ever has the value of a person, a client, a token or an address: they are words of
 * this program, or ids of servers in the resource document, so that their number is bounded whoever calls.
 */
export const families = {
  credence_requests_total: {
    type: 'counter',
    help: 'Requests answered at the endpoints for programs.',
    labels: ['endpoint', 'outcome'],
  },
  credence_request_seconds: {
    type: 'histogram',
    help: 'Time from a request to its answer, the durable record included.',
    labels: ['endpoint'],
    buckets: seconds,
  },
  credence_decisions_total: {
    type: 'counter',
    help: 'What was decided and put on the record, by kind of record, outcome and reason.',
    labels: ['domain', 'kind', 'outcome', 'reason'],
  },
  credence_refusals_in_bulk_total: {
    type: 'counter',
    help: 'Refusals that were counted and have no line of their own: of callers nobody knows, and of whoever does not stop.',
    labels: ['domain', 'reason'],
  },
  credence_faults_total: {
    type: 'counter',
    help: 'Requests that met a fault of ours, each a line of the log.',
    labels: [],
  },
  credence_gateway_requests_total: {
    type: 'counter',
    help: 'Requests to guarded MCP servers, by what was answered.',
    labels: ['server', 'outcome'],
  },
  credence_gateway_upstream_seconds: {
    type: 'histogram',
    help: 'Time that an MCP server took for one message; streams are left out.',
    labels: ['server'],
    buckets: seconds,
  },
  credence_gateway_streams: {
    type: 'gauge',
    help: 'Streams open at the gateway that only listen.',
    labels: [],
    merge: 'sum',
  },
  credence_gateway_deaf: {
    type: 'gauge',
    help: '1 while the gateway does not hear who is cut off at this server.',
    labels: ['server'],
    merge: 'max',
  },
  credence_revocation_streams: {
    type: 'gauge',
    help: 'MCP servers that follow who is cut off, by connections.',
    labels: ['server'],
    merge: 'sum',
  },
  credence_revocation_lag_seconds: {
    type: 'histogram',
    help: 'From the time of an event to its being in force here (received), or taken by an authorization server (told).',
    labels: ['way'],
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600],
  },
  credence_store_commit_seconds: {
    type: 'histogram',
    help: 'Time of one group of changes until it was durable.',
    labels: [],
    buckets: [0.0005, ...seconds.slice(0, -2)],
  },
  credence_store_group_size: {
    type: 'histogram',
    help: 'Changes that became durable together.',
    labels: [],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000],
  },
  credence_store_failures_total: {
    type: 'counter',
    help: 'Groups of changes that did not become durable.',
    labels: [],
  },
  credence_audit_records_total: {
    type: 'counter',
    help: 'Lines of the record that became durable here.',
    labels: [],
  },
  credence_not_ready: {
    type: 'gauge',
    help: '1 while the process is not ready for this reason, as /readyz has it.',
    labels: ['reason'],
    merge: 'max',
  },
  credence_policy_version: {
    type: 'gauge',
    help: 'Version of the policy document in force.',
    labels: ['kind'],
    merge: 'max',
  },
  credence_key_age_seconds: {
    type: 'gauge',
    help: 'For how long the key that signs, or decrypts, has done so.',
    labels: ['purpose'],
    merge: 'max',
  },
  credence_export_lag_seconds: {
    type: 'gauge',
    help: 'Age of the oldest record that an export has not sent yet.',
    labels: ['export'],
    merge: 'max',
  },
  credence_export_dead_letters: {
    type: 'gauge',
    help: 'Records that an export was refused and has put aside, ever since.',
    labels: ['export'],
    merge: 'max',
  },
  credence_workers: {
    type: 'gauge',
    help: 'Workers that run now, of those that were asked for.',
    labels: [],
    merge: 'sum',
  },
  credence_worker_ends_total: {
    type: 'counter',
    help: 'Workers that ended although nobody had told them to.',
    labels: [],
  },
  credence_event_loop_delay_seconds: {
    type: 'gauge',
    help: 'How late timers ran since it was last asked.',
    labels: ['process', 'at'],
    merge: 'max',
  },
  credence_build_info: {
    type: 'gauge',
    help: '1, with the versions of Credence and of Node.',
    labels: ['version', 'node'],
    merge: 'max',
  },
  process_cpu_seconds_total: {
    type: 'counter',
    help: 'CPU time, user and system.',
    labels: ['process'],
  },
  process_resident_memory_bytes: {
    type: 'gauge',
    help: 'Memory that is resident.',
    labels: ['process'],
    merge: 'max',
  },
  process_heap_bytes: {
    type: 'gauge',
    help: 'Heap of JavaScript that is used.',
    labels: ['process'],
    merge: 'max',
  },
  process_open_fds: {
    type: 'gauge',
    help: 'Open file descriptors; Linux only.',
    labels: ['process'],
    merge: 'max',
  },
  process_start_time_seconds: {
    type: 'gauge',
    help: 'When the process started, in seconds since 1970.',
    labels: ['process'],
    merge: 'max',
  },
} as const satisfies Record<string, Family>;

export type FamilyName = keyof typeof families;
type Of<T extends Family['type']> = {
  [Name in FamilyName]: (typeof families)[Name]['type'] extends T ? Name : never;
}[FamilyName];
export type CounterName = Of<'counter'>;
export type GaugeName = Of<'gauge'>;
export type HistogramName = Of<'histogram'>;

/** The row of a family. */
export function familyOf(name: FamilyName): Family {
  return families[name];
}
