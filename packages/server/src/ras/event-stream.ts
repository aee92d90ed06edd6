import { judgesStops, no, ok, type Refusal, type Result, refusalRow, wireCodes } from '@credence/mcp/protocol';
import { type AuditRecord, type Facts, toRow } from '../audit/record.ts';
import type { RefusalLedger } from '../audit/refusal-ledger.ts';
import { eventId } from '../call.ts';
import {
  authenticateClient,
  type ClientCall,
  claimedClientId,
  readCredentials,
  toStanding,
} from '../clients/authenticate.ts';
import { type CallerLimits, waitSeconds } from '../clients/waiting.ts';
import type { ResourceServer } from '../policy/model.ts';
import type { RevocationStreams } from '../revocation/streams.ts';
import { isResourceStopped } from '../stops/judge.ts';
import { isYoung } from '../store/epoch.ts';
import type { Watch } from '../watch.ts';
import { findCaller } from './introspection.ts';
import type { Ras } from './jwt-bearer.ts';

/** What opening a stream needs besides the RAS itself. */
export interface StreamDoor extends CallerLimits {
  readonly nowMs: () => number;
  readonly ledger: RefusalLedger;
  readonly streams: RevocationStreams;
  readonly watch?: Watch | undefined;
}

/**
 * GET /events/stream: an MCP server follows who is cut off, as server-sent events. It authenticates as it does at introspection,
 * with client_secret_basic, and hears what concerns its own resource.
 * @param address - network address of the caller
 */
export async function openEventStream(
  request: Request,
  address: string,
  ras: Ras,
  door: StreamDoor,
): Promise<Response> {
  const facts: Facts = {};
  let known = false;
  const call: ClientCall = {
    credentials: readCredentials({
      authorization: request.headers.get('authorization') ?? undefined,
      form: { get: () => undefined, resources: [] },
    }),
    now: Math.floor(door.nowMs() / 1000),
    note: (more) => void Object.assign(facts, more),
    mark: () => undefined, // a secret uses nothing up
    authenticated: () => {
      known = true;
    },
  };
  const claimed = claimedClientId(call.credentials);
  const seconds = waitSeconds({ ...call, address }, door, ras.registry);
  const stream = seconds > 0 ? no('too_many_requests') : await open(request, call, ras, door.streams);
  if (stream.ok) {
    const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
    return new Response(stream.value, { headers });
  }
  const { status, wire } = refusalRow(stream.refusal);
  if (wire === 'invalid_client') door.failures.add(claimed, address);
  const reference = await record(stream.refusal, { ras, door, address, facts, known });
  const headers: Record<string, string> = { 'cache-control': 'no-store' };
  if (status === 401) headers['www-authenticate'] = 'Basic realm="event stream"';
  if (status === 429) headers['retry-after'] = String(Math.max(1, seconds));
  const body = { error: wire, error_description: `${wireCodes[wire].sentence} Reference: ${reference}` };
  return Response.json(body, { status, headers });
}

async function open(
  request: Request,
  call: ClientCall,
  ras: Ras,
  streams: RevocationStreams,
): Promise<Result<ReadableStream<Uint8Array>>> {
  const caller = await authenticateClient(call, { ...ras.registry, find: (id) => findCaller(id, ras) });
  if (!caller.ok) return caller;
  const { server } = caller.value;
  if (!server) return no('stream_for_servers_only');
  const { searchParams } = new URL(request.url);
  const nonce = searchParams.get('nonce') ?? '';
  if (!/^[A-Za-z0-9_-]{16,128}$/.test(nonce)) return no('missing_parameter');
  const judges = searchParams.get(judgesStops) === '1';
  const needsJudge = isResourceStopped(ras.stops(), server.resource) || isYoung(ras.epoch(), call.now);
  if (!judges && needsJudge) return no('stream_cannot_judge');
  const isOpenTo = toStanding(call.credentials, ras.registry);
  const stream = streams.open({
    server: server.id,
    resource: server.resource,
    nonce,
    judgesStops: judges,
    after: toPosition(request.headers.get('last-event-id')),
    isServed: () => isStill(server, ras.policy().servers.get(server.id)) && isOpenTo(),
  });
  return stream ? ok(stream) : no('too_many_streams');
}

/** What is no position is none: everything is told. */
function toPosition(lastEventId: string | null): number {
  return /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : 0;
}

function isStill(server: ResourceServer, now: ResourceServer | undefined): boolean {
  return now?.resource === server.resource;
}

interface Refused {
  readonly ras: Ras;
  readonly door: StreamDoor;
  readonly address: string;
  readonly facts: Facts;
  readonly known: boolean;
}

async function record(reason: Refusal, { ras, door, address, facts, known }: Refused): Promise<string> {
  const bulkId = door.ledger.count('ras', reason, known ? { client: facts.client } : undefined);
  if (bulkId) return bulkId;
  const id = eventId('d_');
  const base = { v: 2, id, kind: 'refusal', domain: 'ras', timeMs: door.nowMs(), outcome: 'refused', reason } as const;
  const line: AuditRecord = { ...base, address, ...facts };
  await ras.store.commit({ marks: [], records: [toRow(line)] });
  door.watch?.decided(line);
  return id;
}
