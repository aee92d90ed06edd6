import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { openTracing, type Tracing } from './tracing.ts';

const before = await openTracing();
const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
const tracing = (await openTracing()) as Tracing;

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent = '00f067aa0ba902b7';

async function spansOf(work: () => Promise<unknown>) {
  exporter.reset();
  await work().catch(() => undefined);
  return exporter.getFinishedSpans();
}

describe('traces', () => {
  test('are not even looked for where no SDK was registered', () => assert.equal(before, undefined));

  test('a span belongs to the trace that the caller names, and is what an upstream is told', async () => {
    let told = '';
    const [asked, served] = await spansOf(() =>
      tracing.serve('answer', `00-${trace}-${parent}-01`, () =>
        tracing.ask('upstream', async (traceparent) => {
          told = traceparent;
        }),
      ),
    );
    assert.equal(served?.spanContext().traceId, trace);
    assert.equal(served?.parentSpanContext?.spanId, parent);
    assert.equal(asked?.parentSpanContext?.spanId, served?.spanContext().spanId);
    assert.equal(told, `00-${trace}-${asked?.spanContext().spanId}-01`);
  });

  const none: [name: string, traceparent: string | undefined][] = [
    ['none at all', undefined],
    ['one of zeroes', `00-${'0'.repeat(32)}-${parent}-01`],
    ['a span of zeroes', `00-${trace}-${'0'.repeat(16)}-01`],
    ['the forbidden version', `ff-${trace}-${parent}-01`],
    ['capital letters', `00-${trace.toUpperCase()}-${parent}-01`],
    ['two of them', `00-${trace}-${parent}-01, 00-${trace}-${parent}-01`],
    ['something before', `x00-${trace}-${parent}-01`],
  ];
  for (const [name, traceparent] of none) {
    test(`W3C Trace Context §3.2: ${name} begins a trace of its own`, async () => {
      let seen: string | undefined;
      const [span] = await spansOf(() =>
        tracing.serve('answer', traceparent, async () => {
          seen = tracing.traceId();
        }),
      );
      assert.equal(span?.parentSpanContext, undefined);
      assert.notEqual(seen, trace);
      assert.equal(seen, span?.spanContext().traceId);
    });
  }

  test('without a caller that names one it belongs to whatever is under way, such as a span of the SDK for HTTP', async () => {
    const [inner, outer] = await spansOf(() =>
      tracing.serve('outer', undefined, () => tracing.serve('inner', undefined, async () => undefined)),
    );
    assert.equal(inner?.parentSpanContext?.spanId, outer?.spanContext().spanId);
  });

  test('a caller that does not want to be sampled is not', async () => {
    assert.deepEqual(
      await spansOf(() => tracing.serve('answer', `00-${trace}-${parent}-00`, async () => undefined)),
      [],
    );
  });

  test('a fault marks the span by its kind, never by its words', async () => {
    const [span] = await spansOf(() =>
      tracing.serve('answer', undefined, async () => {
        throw new TypeError('secret-in-a-message');
      }),
    );
    assert.deepEqual([span?.status.code, span?.attributes], [2, { 'error.type': 'TypeError' }]);
    assert.doesNotMatch(JSON.stringify([span?.events, span?.status]), /secret/);
  });
});
