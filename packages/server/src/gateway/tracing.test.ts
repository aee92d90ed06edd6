import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { type Buckets, createMeter } from '../metrics/meter.ts';
import { openTracing } from '../tracing.ts';
import { createWatch } from '../watch.ts';
import { type HttpServer, openHttpServer, sse } from './fixtures/http-server.ts';
import { callTool, http, openWorld, serverOf, type World } from './fixtures/world.ts';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
const headers = { traceparent, tracestate: 'vendor=x', baggage: 'user=alice' };
let upstream: HttpServer;
let world: World;

before(async () => {
  upstream = await openHttpServer();
});
after(() => upstream.close());
afterEach(() => upstream.reset());

async function call(more: Record<string, string>) {
  const response = await world.call('tracker', { body: callTool(1, 'a_read'), headers: more });
  assert.equal(response.status, 200);
  await response.text();
  return upstream.seen[0]?.headers;
}

describe('without an SDK', () => {
  before(async () => {
    world = await openWorld([serverOf('tracker', http(upstream.url), { a_read: 'read' })]);
  });
  after(() => world.close());

  test('an upstream is told the trace of the caller, and nothing else of it', async () => {
    const seen = await call(headers);
    assert.equal(seen?.traceparent, traceparent);
    assert.deepEqual([seen?.tracestate, seen?.baggage], [undefined, undefined]);
  });

  test('what is no traceparent stays here', async () => {
    for (const other of ['alice@acme.example', `${traceparent}, x`, `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`]) {
      assert.equal((await call({ traceparent: other }))?.traceparent, undefined, other);
      upstream.reset();
    }
  });
});

describe('with an SDK', () => {
  const exporter = new InMemorySpanExporter();

  before(async () => {
    new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
    const watch = createWatch(undefined, await openTracing());
    world = await openWorld([serverOf('tracker', http(upstream.url), { a_read: 'read' })], { watch });
  });
  after(() => world.close());

  test('an upstream is a child span of the call, which is a child span of the caller', async () => {
    const seen = await call(headers);
    const [asked, served] = exporter.getFinishedSpans();
    assert.deepEqual([asked?.name, served?.name], ['mcp tracker', 'credence call']);
    assert.equal(seen?.traceparent, `00-${trace}-${asked?.spanContext().spanId}-01`);
    assert.equal(asked?.parentSpanContext?.spanId, served?.spanContext().spanId);
    assert.equal(served?.parentSpanContext?.spanId, '00f067aa0ba902b7');
    assert.deepEqual([seen?.tracestate, seen?.baggage], [undefined, undefined]);
  });

  test('a call without a trace gets one, which is on its record', async () => {
    exporter.reset();
    await call({});
    const served = exporter.getFinishedSpans().at(-1);
    assert.equal(world.records.at(-1)?.correlation, served?.spanContext().traceId);
    assert.doesNotMatch(
      JSON.stringify(exporter.getFinishedSpans().map(({ attributes }) => attributes)),
      /alice|claude|eyJ/,
    );
  });
});

describe('with a meter', () => {
  const meter = createMeter();
  before(async () => {
    const watch = createWatch(meter, undefined);
    world = await openWorld([serverOf('tracker', http(upstream.url), { a_read: 'read' })], { watch });
  });
  after(() => world.close());

  test('the time of an upstream is that of calls it answers at once: how long a stream is open says nothing', async () => {
    await call({});
    upstream.answerWith(({ body }, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      outgoing.end(sse({ jsonrpc: '2.0', id: body.id, result: {} }));
    });
    await call({});
    upstream.reset();
    for (const method of ['GET', 'DELETE']) await world.call('tracker', { method });
    const [[labels, seconds] = []] = (await meter.snapshot()).credence_gateway_upstream_seconds ?? [];
    assert.deepEqual(labels, ['tracker']);
    assert.equal(
      (seconds as Buckets).counts.reduce((sum, count) => sum + count),
      1,
    );
  });
});
