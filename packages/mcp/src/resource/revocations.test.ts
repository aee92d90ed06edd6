import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  type AccessToken,
  mintJws,
  mintRevocationFrame,
  parseJws,
  type RevocationFrame,
  toWhoInput,
} from '../protocol/index.ts';
import { foreign, issuer, mint, now, resource, signing, toKey, world } from './fixtures/world.ts';
import { followRevocations, type RevocationOptions } from './revocations.ts';

const who = (subject: string, at = resource) =>
  createHash('sha256').update(toWhoInput(at, subject)).digest('base64url');
const token = (change: Partial<AccessToken> = {}): AccessToken => ({
  issuer,
  subject: 'a_1',
  clientId: 'app',
  id: 't1',
  resource,
  scopes: [],
  issuedAt: now,
  expiresAt: now + 600,
  keyThumbprint: undefined,
  ...change,
});
const person = (subject: string, change: object = {}) => ({
  who: who(subject),
  before: now,
  blocked: false,
  until: now + 600,
  ...change,
});
const settle = () => new Promise((resolve) => setTimeout(resolve, 100));

/** A stream in our hands, and whoever follows it. */
async function withStream(change: Partial<RevocationOptions> = {}) {
  const state = { elapsedMs: 1_000_000, nowMs: now * 1000, status: 200 };
  const asked: { url: URL; headers: Headers; write: (text: string) => void; end: () => void; seq: number }[] = [];
  const faults: string[] = [];
  const serve: typeof fetch = async (input, init) => {
    const { promise: gone, resolve: leave } = Promise.withResolvers<void>();
    init?.signal?.addEventListener('abort', () => leave());
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(its) {
        controller = its;
      },
    });
    void gone.then(() => controller?.error(new Error('aborted')));
    asked.push({
      url: new URL(String(input)),
      headers: new Headers(init?.headers),
      write: (text) => controller?.enqueue(new TextEncoder().encode(text)),
      end: () => controller?.close(),
      seq: 0,
    });
    return new Response(body, { status: state.status });
  };
  const revocations = followRevocations({
    issuer,
    resource,
    credentials: { id: 'server:tracker', secret: 'a:b' },
    keys: [signing.jwk],
    fetch: serve,
    nowMs: () => state.nowMs,
    elapsedMs: () => state.elapsedMs,
    onFault: (fault) => faults.push((fault as Error).message),
    ...change,
  });
  const latest = () => {
    const connection = asked.at(-1);
    assert.ok(connection);
    return connection;
  };
  const frame = async (
    said: Partial<RevocationFrame> = {},
    how: { key?: typeof signing; resource?: string; issuer?: string } = {},
  ) => {
    const connection = latest();
    connection.seq += 1;
    const nonce = connection.url.searchParams.get('nonce') ?? '';
    const whole = {
      nonce,
      seq: connection.seq,
      atMs: state.elapsedMs,
      position: 7,
      complete: true,
      people: [],
      tokens: [],
      stops: [],
      ...said,
    };
    const set = { issuer, resource, id: `j${connection.seq}`, ...how };
    return mintRevocationFrame(whole, set, toKey(how.key ?? signing));
  };
  const send = async (...of: Parameters<typeof frame>) => {
    latest().write(`id: 7\ndata: ${await frame(...of)}\n\n`);
    await settle();
  };
  await settle();
  return { state, asked, faults, revocations, frame, send, latest, [Symbol.dispose]: () => revocations.close() };
}

test('it asks as the server, with a nonce of its own, and goes on where it was', async () => {
  using stream = await withStream();
  const { url, headers } = stream.latest();
  assert.equal(url.origin + url.pathname, `${issuer}/events/stream`);
  assert.equal(headers.get('authorization'), `Basic ${btoa('server%3Atracker:a%3Ab')}`);
  assert.equal(headers.get('last-event-id'), null);
  await stream.send({ position: 41 });
  await stream.revocations.ready;
  stream.latest().end();
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(stream.asked.length, 2);
  assert.equal(stream.latest().headers.get('last-event-id'), '41');
  assert.notEqual(stream.latest().url.searchParams.get('nonce'), url.searchParams.get('nonce'));
});

test('T20: by a clock that was ahead and is set back nothing stays forgotten: all is unknown until all was told anew', async () => {
  using stream = await withStream();
  const { state, revocations, send } = stream;
  const said = { tokens: [{ id: 't1', until: now + 600 }], position: 41 };
  await send(said);
  assert.equal(revocations.standingOf(token()), 'revoked');
  const setClock = async (seconds: number) => {
    state.nowMs = (now + seconds) * 1000;
    await new Promise((resolve) => setTimeout(resolve, 1100));
  };
  await setClock(-50);
  assert.equal(stream.asked.length, 1, 'a little is nothing');
  await setClock(7200);
  await setClock(0);
  assert.equal(revocations.standingOf(token()), 'unknown');
  assert.equal(stream.asked.length, 2);
  assert.equal(stream.latest().headers.get('last-event-id'), null);
  await send(said);
  assert.deepEqual(
    [revocations.standingOf(token()), revocations.standingOf(token({ id: 't2' }))],
    ['revoked', 'holds'],
  );
  await setClock(1);
  assert.equal(stream.asked.length, 2, 'and that once');
});

describe('T21: an epoch that is over', () => {
  test('its tokens are revoked from the frame on that says so, whatever their times; those of the new one hold', async () => {
    using stream = await withStream();
    const { revocations, send } = stream;
    await send({ position: 0 });
    assert.equal(revocations.standingOf(token()), 'holds');
    const streaming = revocations.signalOf(token());
    await send({ epoch: 'second' });
    assert.equal(revocations.standingOf(token({ issuedAt: now + 500 })), 'revoked');
    assert.equal(streaming.aborted, true, 'what still goes on ends');
    assert.equal(revocations.standingOf(token({ epoch: 'second' })), 'holds');
    await send({ epoch: 'third' });
    assert.equal(revocations.standingOf(token({ epoch: 'second' })), 'revoked');
  });

  test('a token of an epoch that nobody spoke of is of no use', async () => {
    using stream = await withStream({ whenDeaf: 'accept' });
    assert.equal(
      stream.revocations.standingOf(token({ epoch: 'any' })),
      'holds',
      'before anything was heard, as configured',
    );
    await stream.send();
    await stream.revocations.ready;
    assert.equal(stream.revocations.standingOf(token({ epoch: 'any' })), 'revoked');
  });

  test('what is no name is no frame', async () => {
    using stream = await withStream();
    await stream.send({ epoch: '\n' });
    assert.equal(stream.revocations.standingOf(token()), 'unknown');
    assert.equal(stream.faults.length, 1);
  });
});

describe('SIG-02: what a server knows of a token', () => {
  test('unknown until everything was told, then it holds, then it is revoked', async () => {
    using stream = await withStream();
    const { revocations, send } = stream;
    assert.equal(await revocations.standingOf(token()), 'unknown');
    await send({ complete: false });
    assert.equal(await revocations.standingOf(token()), 'unknown');
    await send();
    assert.equal(revocations.standingOf(token()), 'holds', 'at once, while nobody is cut off');
    await send({ people: [person('a_1')] });
    assert.equal(await revocations.standingOf(token()), 'revoked');
    assert.equal(await revocations.standingOf(token({ issuedAt: now + 1 })), 'holds');
    assert.equal(await revocations.standingOf(token({ subject: 'a_2' })), 'holds');
    await send({ people: [person('a_1', { blocked: true })] });
    assert.equal(await revocations.standingOf(token({ issuedAt: now + 500 })), 'revoked');
    await send({ people: [person('a_1')] });
    assert.equal(await revocations.standingOf(token({ issuedAt: now + 500 })), 'holds');
    await send({ tokens: [{ id: 't9', until: now + 60 }] });
    assert.equal(await revocations.standingOf(token({ id: 't9', subject: 'a_3' })), 'revoked');
  });

  test('T20: of two not-befores the later counts, in whichever order they come', async () => {
    for (const order of [
      [now - 50, now],
      [now, now - 50],
    ]) {
      using stream = await withStream();
      for (const before of order) await stream.send({ people: [person('a_1', { before })] });
      assert.equal(await stream.revocations.standingOf(token({ issuedAt: now - 10 })), 'revoked');
    }
  });

  test('what has run out is forgotten a minute later, and nothing before', async () => {
    using stream = await withStream();
    await stream.send({ people: [person('a_1', { until: now + 5 })], tokens: [{ id: 't9', until: now + 5 }] });
    stream.state.nowMs += 65_000;
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(await stream.revocations.standingOf(token()), 'revoked');
    assert.equal(await stream.revocations.standingOf(token({ id: 't9', subject: 'a_2' })), 'revoked');
    stream.state.nowMs += 1000;
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(await stream.revocations.standingOf(token()), 'holds');
    assert.equal(await stream.revocations.standingOf(token({ id: 't9' })), 'holds');
  });

  test('it costs less than a microsecond', async () => {
    using stream = await withStream();
    const many = Array.from({ length: 5000 }, (_, n) => person(`other_${n}`));
    await stream.send({ people: many.slice(0, 2500) });
    await stream.send({ people: many.slice(2500) });
    const mine = token();
    await stream.revocations.standingOf(mine);
    for (let n = 0; n < 50_000; n++) stream.revocations.standingOf(mine);
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5; round++) {
      const startedAt = performance.now();
      for (let n = 0; n < 50_000; n++) stream.revocations.standingOf(mine);
      best = Math.min(best, (performance.now() - startedAt) / 50);
    }
    assert.ok(best < 1, `${best} us`);
  });
});

describe('T20: a stream that is not what was said is not believed, and begun anew', () => {
  type Stream = Awaited<ReturnType<typeof withStream>>;
  const cut = { people: [person('a_1')] };
  const table: [name: string, fault: RegExp, play: (stream: Stream) => Promise<unknown>][] = [
    ['signed by somebody else', /signature/, ({ send }) => send(cut, { key: foreign })],
    ['for another server', /next/, ({ send }) => send(cut, { resource: `${issuer}/wiki/mcp` })],
    ['of another issuer', /next/, ({ send }) => send(cut, { issuer: 'https://other.example' })],
    ['of another connection', /next/, ({ send }) => send({ ...cut, nonce: 'another' })],
    ['a frame left out', /next/, ({ send }) => send({ ...cut, seq: 3 })],
    ['a frame again', /next/, ({ send }) => send({ ...cut, seq: 1 })],
    [
      'the right words under another typ',
      /next/,
      async ({ latest, frame }) => {
        const { header, claims } = parseJws(await frame(cut)) ?? assert.fail();
        const text = await mintJws({ ...header, typ: 'JWT' }, claims, toKey(signing).sign);
        latest().write(`data: ${text}\n\n`);
      },
    ],
    [
      'under a key that the issuer does not have',
      /not signed with a key of the issuer/,
      async ({ latest, frame }) => {
        const { header, claims } = parseJws(await frame(cut)) ?? assert.fail();
        const text = await mintJws({ ...header, kid: 'another' }, claims, toKey(signing).sign);
        latest().write(`data: ${text}\n\n`);
      },
    ],
    ['not a SET', /malformed/, async ({ latest }) => latest().write('data: x\n\n')],
    ['an access token', /next/, async ({ latest }) => latest().write(`data: ${await mint()}\n\n`)],
    ['a list cut short', /next/, ({ send }) => send({ people: [{ ...person('a_1'), until: -1 }] })],
    ['no end to an event', /large/, async ({ latest }) => latest().write(`data: ${'x'.repeat(600_000)}`)],
  ];
  for (const [name, fault, play] of table) {
    test(name, async () => {
      using stream = await withStream();
      await stream.send();
      await play(stream);
      await settle();
      assert.match(stream.faults[0] ?? '', fault);
      assert.equal(await stream.revocations.standingOf(token()), 'holds', 'nothing of it counts');
      await new Promise((resolve) => setTimeout(resolve, 700));
      assert.equal(stream.asked.length, 2);
      await stream.send(cut);
      assert.equal(await stream.revocations.standingOf(token()), 'revoked');
    });
  }

  test('an event is as long as it may be, and no longer', async () => {
    using stream = await withStream();
    stream.latest().write(`data: ${'x'.repeat(512 * 1024 - 'data: '.length)}`);
    await settle();
    assert.deepEqual(stream.faults, []);
    stream.latest().write('x');
    await settle();
    assert.deepEqual(stream.faults, ['an event is too large']);
  });

  test('cut: after 10 s nothing is known any more, and it is begun anew', async () => {
    using stream = await withStream();
    await stream.send();
    stream.state.elapsedMs += 10_000;
    assert.equal(await stream.revocations.standingOf(token()), 'holds');
    stream.state.elapsedMs += 1;
    assert.equal(await stream.revocations.standingOf(token()), 'unknown');
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.match(stream.faults[0] ?? '', /aborted|heard/);
    assert.equal(stream.asked.length, 2);
    await stream.send();
    assert.equal(await stream.revocations.standingOf(token()), 'holds');
  });

  test('held back on its way: signs of life that come late are none', async () => {
    using stream = await withStream();
    await stream.send({ atMs: 5_000_000 });
    stream.state.elapsedMs += 12_000;
    await stream.send({ atMs: 5_001_000 });
    assert.equal(await stream.revocations.standingOf(token()), 'unknown');
    await stream.send({ atMs: 5_011_500 });
    assert.equal(await stream.revocations.standingOf(token()), 'holds');
  });

  test('a token that is known to be revoked stays so while nothing is heard, and when nobody follows any more', async () => {
    using stream = await withStream();
    await stream.send({ tokens: [{ id: 't9', until: now + 60 }] });
    const standings = () => ['t9', 't1'].map((id) => stream.revocations.standingOf(token({ id })));
    assert.deepEqual(standings(), ['revoked', 'holds']);
    stream.state.elapsedMs += 10_001;
    assert.deepEqual(standings(), ['revoked', 'unknown']);
    stream.revocations.close();
    assert.deepEqual(standings(), ['revoked', 'unknown']);
  });

  test('whoever says so lets in meanwhile, except who is known to be cut off', async () => {
    using stream = await withStream({ whenDeaf: 'accept' });
    await stream.send(cut);
    stream.state.elapsedMs += 60_000;
    assert.equal(await stream.revocations.standingOf(token()), 'revoked');
    assert.equal(await stream.revocations.standingOf(token({ subject: 'a_2' })), 'holds');
  });
});

describe('MCS-14: a caller who is cut off while a stream is open', () => {
  test('is told by a signal, the same for the same token, and nobody else is', async () => {
    using stream = await withStream();
    await stream.send();
    const mine = stream.revocations.signalOf(token());
    assert.equal(stream.revocations.signalOf(token()), mine);
    const other = stream.revocations.signalOf(token({ id: 't2', subject: 'a_2' }));
    const later = stream.revocations.signalOf(token({ id: 't3', issuedAt: now + 1 }));
    await stream.send({ people: [person('a_1')] });
    assert.deepEqual([mine.aborted, other.aborted, later.aborted], [true, false, false]);
    await stream.send({ tokens: [{ id: 't2', until: now + 60 }] });
    assert.equal(other.aborted, true);
    const late = stream.revocations.signalOf(token({ id: 't9' }));
    await settle();
    assert.equal(late.aborted, true, 'also who is cut off already');
  });

  test('at the end of the token, when nothing is heard, and when nobody follows any more', async () => {
    using stream = await withStream();
    await stream.send();
    const short = stream.revocations.signalOf(token({ id: 't1', expiresAt: now + 1 }));
    const long = stream.revocations.signalOf(token({ id: 't2' }));
    stream.state.nowMs += 1000;
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.deepEqual([short.aborted, long.aborted], [true, false]);
    stream.state.elapsedMs += 10_001;
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(long.aborted, true);
    await new Promise((resolve) => setTimeout(resolve, 600));
    await stream.send();
    const last = stream.revocations.signalOf(token({ id: 't3' }));
    stream.revocations.close();
    assert.equal(last.aborted, true);
    assert.equal(await stream.revocations.standingOf(token()), 'unknown');
  });
});

describe('the guard', () => {
  test('refuses what is revoked, and while nothing is known asks to come again: 503', async () => {
    using stream = await withStream();
    const { check, outcomeOf } = world({ revocations: stream.revocations });
    const authorization = `Bearer ${await mint()}`;
    assert.equal(await outcomeOf(authorization), 'revocations_unknown');
    const response = await check(new Request(resource, { method: 'POST', headers: { authorization } }));
    assert.ok(response instanceof Response);
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '1']);
    await stream.send();
    assert.equal(await outcomeOf(authorization), 'accepted');
    await stream.send({ people: [person('a_1')] });
    assert.equal(await outcomeOf(authorization), 'token_revoked');
  });
});

test('a server that the authorization server does not know asks less often', async () => {
  using stream = await withStream();
  stream.state.status = 401;
  stream.latest().end();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.deepEqual(stream.faults, ['answered 401']);
  assert.equal(stream.asked.length, 2);
});

test('a connection has as long as a silence may last: none is begun anew before, nor while something is heard', async () => {
  using fresh = await withStream();
  using heard = await withStream();
  await heard.send();
  for (let times = 0; times < 2; times++) {
    heard.state.elapsedMs += 6000;
    await heard.send();
  }
  fresh.state.elapsedMs += 10_000;
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.deepEqual([fresh.asked.length, heard.asked.length], [1, 1]);
  assert.deepEqual([...fresh.faults, ...heard.faults], []);
  assert.deepEqual([fresh.revocations.isDeaf(), heard.revocations.isDeaf()], [true, false]);
});

test('whoever follows no more is deaf, and hears of no fault', async () => {
  using stream = await withStream();
  await stream.send();
  assert.equal(stream.revocations.isDeaf(), false);
  stream.revocations.close();
  await settle();
  assert.equal(stream.revocations.isDeaf(), true);
  assert.deepEqual(stream.faults, []);
});

test('an answer other than 200 is no stream, whatever comes with it, and neither is one without a body', async () => {
  using stream = await withStream();
  stream.state.status = 500;
  stream.latest().end();
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(stream.asked.length, 2);
  await stream.send();
  assert.equal(stream.revocations.standingOf(token()), 'unknown');
  assert.deepEqual(stream.faults, ['answered 500']);
  using empty = await withStream({ fetch: async () => new Response(null) });
  assert.deepEqual(empty.faults, ['answered 200']);
});

test('while nothing comes of it, it asks less and less often', async () => {
  using stream = await withStream();
  stream.state.status = 503;
  stream.latest().end();
  await new Promise((resolve) => setTimeout(resolve, 1700));
  assert.ok(stream.asked.length <= 4, `asked ${stream.asked.length} times`);
});

describe('credentials that it takes long to get', () => {
  test('that is no silence of the stream', async () => {
    let elapsed = 1_000_000;
    const credentials = async () => {
      elapsed += 9000;
      return { id: 'server:tracker', secret: 's' };
    };
    using stream = await withStream({ credentials, elapsedMs: () => elapsed });
    await stream.send({ atMs: elapsed });
    elapsed += 9000;
    assert.equal(stream.revocations.isDeaf(), false);
    elapsed += 1001;
    assert.equal(stream.revocations.isDeaf(), true);
  });

  test('when nobody follows any more by then, nothing is asked, and nothing waited for', async (context) => {
    const { promise, resolve } = Promise.withResolvers<{ id: string; secret: string }>();
    const stream = await withStream({ credentials: () => promise });
    stream.revocations.close();
    const { mock } = context.mock.method(globalThis, 'setTimeout');
    resolve({ id: 'server:tracker', secret: 's' });
    await settle();
    assert.deepEqual([stream.asked.length, stream.faults], [0, []]);
    assert.equal(mock.callCount(), 1, 'our own here');
  });
});

test('a process that waits for `ready` lives until it is there, and ends when nobody follows any more', () => {
  const script = `
    import { followRevocations } from ${JSON.stringify(new URL('./revocations.ts', import.meta.url).href)};
    const at = { issuer: ${JSON.stringify(issuer)}, resource: ${JSON.stringify(resource)} };
    const fetch = async () => new Response(null, { status: 401 }); // it asks again after 7.5 s at the earliest
    const revocations = followRevocations({ ...at, credentials: { id: 'server:tracker', secret: 's' }, fetch });
    const closing = setTimeout(() => {
      revocations.close();
      process.stdout.write('followed until now');
    }, 500);
    closing.unref();
  `;
  const { status, stdout, stderr, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 7000,
  });
  assert.deepEqual([stdout, status, signal], ['followed until now', 0, null], stderr);
});

test('the time until it asks again keeps a process only while nothing was heard', async (context) => {
  using stream = await withStream();
  const { mock } = context.mock.method(globalThis, 'setTimeout');
  const keeps: boolean[] = [];
  const endAndLook = async () => {
    const before = mock.callCount();
    stream.latest().end();
    await settle();
    // Our own here lasts 100 ms.
    const pauses = mock.calls.slice(before).filter(({ arguments: [, milliseconds] }) => milliseconds !== 100);
    assert.equal(pauses.length, 1);
    keeps.push(...pauses.map(({ result }) => (result as NodeJS.Timeout).hasRef()));
  };
  await endAndLook();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await stream.send();
  await endAndLook();
  assert.deepEqual(keeps, [true, false]);
});
