import type { Attributes, Span, SpanContext } from '@opentelemetry/api';

/**
 * Spans of OpenTelemetry, where somebody has registered an SDK. Names of ours only: no person, no client, no token, nothing that a
 * caller wrote but the trace it belongs to.
 */
export interface Tracing {
  /** Runs work in a span that answers somebody, part of the trace that the caller names. */
  serve<T>(name: string, traceparent: string | undefined, work: () => Promise<T>): Promise<T>;
  /** Runs work in a span that asks somebody else, who is to be sent this `traceparent`. */
  ask<T>(name: string, work: (traceparent: string) => Promise<T>): Promise<T>;
  /** Says something of the span under way. */
  note(attributes: Attributes): void;
  /** The span under way has not done what it was for, and why, in a word of ours. */
  fail(type: string): void;
  /** The trace under way. */
  traceId(): string | undefined;
}

/** Where every version 1 of the API keeps what was registered, in this process. */
const registered = Symbol.for('opentelemetry.js.api.1');

/**
 * `undefined` where no SDK was registered before us, as `node --import ./otel.mjs` does: then the API is not even loaded, and
 * nothing is asked on the way of a request (ADR 0036).
 */
export async function openTracing(): Promise<Tracing | undefined> {
  if (!(registered in globalThis)) return undefined;
  const { context, SpanKind, SpanStatusCode, trace } = await import('@opentelemetry/api');
  const tracer = trace.getTracer('credence');

  const run = async <T>(span: Span, parent: ReturnType<typeof context.active>, work: () => Promise<T>): Promise<T> => {
    try {
      return await context.with(trace.setSpan(parent, span), work);
    } catch (fault) {
      // The name of its kind only: a message may quote what was sent.
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute('error.type', fault instanceof Error ? fault.name : typeof fault);
      throw fault;
    } finally {
      span.end();
    }
  };

  return {
    serve(name, traceparent, work) {
      const remote = toSpanContext(traceparent);
      const parent = remote ? trace.setSpanContext(context.active(), remote) : context.active();
      return run(tracer.startSpan(name, { kind: SpanKind.SERVER }, parent), parent, work);
    },
    ask(name, work) {
      const parent = context.active();
      const span = tracer.startSpan(name, { kind: SpanKind.CLIENT }, parent);
      return run(span, parent, () => work(toTraceparent(span.spanContext())));
    },
    note: (attributes) => void trace.getActiveSpan()?.setAttributes(attributes),
    fail(type) {
      const span = trace.getActiveSpan();
      span?.setStatus({ code: SpanStatusCode.ERROR });
      span?.setAttribute('error.type', type);
    },
    traceId: () => trace.getActiveSpan()?.spanContext().traceId,
  };
}

/** Which span a `traceparent` names; `undefined` when it is none. @see https://www.w3.org/TR/trace-context/#traceparent-header */
function toSpanContext(traceparent: string | undefined): SpanContext | undefined {
  const pattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;
  const [, traceId, spanId, flags] = pattern.exec(traceparent ?? '') ?? [];
  if (traceId === undefined) return undefined;
  return { traceId, spanId: spanId as string, traceFlags: Number.parseInt(flags as string, 16) & 1, isRemote: true };
}

function toTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & 1}`;
}
