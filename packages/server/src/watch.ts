import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Meter } from './metrics/meter.ts';
import type { Tracing } from './tracing.ts';

/** What a request at a token endpoint, or beside it, is for. */
export type Endpoint = 'exchange' | 'sign_in' | 'redeem' | 'introspect' | 'revoke' | 'events';

/**
 * Looks on while requests are answered: counts, measures, traces. Absent where nobody wants to know, and then nothing is done
 * for it. What it is told are words of ours and ids of the record.
 */
export interface Watch {
  /** Has a request answered, and notes how that went and how long it took. */
  answer<T extends Answered>(endpoint: Endpoint, traceparent: string | undefined, work: () => Promise<T>): Promise<T>;
  /** A grant that is answered elsewhere, by the sign-in. */
  passedOn(outgoing: ServerResponse): void;
  /** Something was decided, and is on the record under this id or in bulk. */
  decided(decision: Decided): void;
  /** A request to a guarded MCP server. */
  call(server: string, incoming: IncomingMessage, outgoing: ServerResponse, work: () => Promise<void>): Promise<void>;
  /** A message on its way to an MCP server, with the `traceparent` to send; over when the answer is, unless it became a stream. */
  upstream(
    server: string,
    isStream: () => boolean,
    work: (traceparent: string | undefined) => Promise<void>,
  ): Promise<void>;
  /** A cut-off has come into force here (`received`), or was taken elsewhere (`told`). */
  revoked(way: 'received' | 'told', lagSeconds: number): void;
  /** Trace under way, for a caller that named none. */
  traceId(): string | undefined;
}

export interface Decided {
  readonly id: string;
  readonly domain: string;
  readonly kind: string;
  readonly outcome: 'allowed' | 'refused';
  readonly reason?: string | undefined;
}

type Answered = { readonly status: number } | { readonly passOn: string };

/** `undefined` when neither metrics nor traces are wanted. */
export function createWatch(meter: Meter | undefined, tracing: Tracing | undefined): Watch | undefined {
  if (!meter && !tracing) return undefined;
  return {
    async answer(endpoint, traceparent, work) {
      const startedMs = performance.now();
      const answer = await (tracing ? tracing.serve(`credence ${endpoint}`, traceparent, () => traced(work)) : work());
      if ('status' in answer) {
        meter?.add('credence_requests_total', endpoint, toOutcome(answer.status));
        meter?.observe('credence_request_seconds', (performance.now() - startedMs) / 1000, endpoint);
      }
      return answer;
    },
    passedOn(outgoing) {
      const startedMs = performance.now();
      outgoing.once('close', () => {
        meter?.add('credence_requests_total', 'sign_in', toOutcome(outgoing.statusCode));
        meter?.observe('credence_request_seconds', (performance.now() - startedMs) / 1000, 'sign_in');
      });
    },
    decided({ id, domain, kind, outcome, reason }) {
      meter?.add('credence_decisions_total', domain, kind, outcome, reason ?? '');
      tracing?.note({
        'credence.decision': id,
        'credence.outcome': outcome,
        ...(reason !== undefined && { 'credence.reason': reason }),
      });
    },
    async call(server, { method = '', headers }, outgoing, work) {
      const run = async () => {
        await work();
        // A status that was never sent is that of a caller who has left.
        const outcome = outgoing.headersSent ? toOutcome(outgoing.statusCode) : 'gone';
        meter?.add('credence_gateway_requests_total', server, outcome);
        tracing?.note({ 'credence.server': server, 'http.request.method': method, 'credence.outcome': outcome });
        if (outcome === 'fault') tracing?.fail(String(outgoing.statusCode));
      };
      await (tracing ? tracing.serve('credence call', headers.traceparent?.toString(), run) : run());
    },
    async upstream(server, isStream, work) {
      const startedMs = performance.now();
      await (tracing ? tracing.ask(`mcp ${server}`, work) : work(undefined));
      if (isStream()) return;
      meter?.observe('credence_gateway_upstream_seconds', (performance.now() - startedMs) / 1000, server);
    },
    revoked(way, lagSeconds) {
      meter?.observe('credence_revocation_lag_seconds', Math.max(0, lagSeconds), way);
    },
    traceId: () => tracing?.traceId(),
  };

  async function traced<T extends Answered>(work: () => Promise<T>): Promise<T> {
    const answer = await work();
    const status = 'status' in answer ? answer.status : 0;
    // Another grant than ours: the sign-in answers it, after this span.
    tracing?.note(status > 0 ? { 'http.response.status_code': status } : { 'credence.outcome': 'passed_on' });
    if (status >= 500) tracing?.fail(String(status));
    return answer;
  }
}

function toOutcome(status: number): 'ok' | 'refused' | 'fault' {
  if (status < 400) return 'ok';
  return status < 500 ? 'refused' : 'fault';
}
