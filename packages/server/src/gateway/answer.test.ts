import assert from 'node:assert/strict';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, mock, test } from 'node:test';
import { type Answer, createAnswer } from './answer.ts';

const open: (Server | Socket)[] = [];
afterEach(() => {
  mock.timers.reset();
  for (const one of open.splice(0)) {
    if ('destroy' in one) one.destroy();
    else one.close();
  }
});

/** A real answer on a real connection; the client reads nothing unless told to. */
async function answerTo(accepts = { json: true, stream: true }, released = async () => undefined) {
  const arrived = Promise.withResolvers<ServerResponse>();
  const server = createServer((_, outgoing) => arrived.resolve(outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  client.pause();
  client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  open.push(server, client);
  const outgoing = await arrived.promise;
  return { answer: createAnswer(outgoing, accepts, released), outgoing, client };
}

/** Says more than the connection holds, so that the end of the stream cannot be sent. */
async function fill(answer: Answer): Promise<void> {
  void answer.event({ data: 'x'.repeat(32 * 1024 * 1024) });
  await new Promise((resolve) => setTimeout(resolve, 50));
}

describe('a client that has stopped reading', { timeout: 8000 }, () => {
  test('no keep-alive after the end of its stream: that would be an error nobody handles, and the end of the process', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    const { answer, outgoing } = await answerTo();
    const faults: unknown[] = [];
    outgoing.on('error', (fault) => faults.push(fault));
    await fill(answer);
    answer.endStream();
    assert.equal(outgoing.writableFinished, false);
    mock.timers.tick(60_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(faults, []);
  });

  test('no document either, such as for a call that is cancelled just then with a newer token', async () => {
    const { answer, outgoing } = await answerTo();
    const faults: unknown[] = [];
    outgoing.on('error', (fault) => faults.push(fault));
    await fill(answer);
    answer.endStream();
    assert.deepEqual([outgoing.writableFinished, outgoing.destroyed], [false, false]);
    await answer.json(200, { said: 'too late' });
    await answer.response(new Response('too late'));
    await answer.empty(202);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(faults, []);
  });

  test('an answer that is one document is cut off after a minute: what nobody fetches takes our memory (T27)', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const { answer, outgoing } = await answerTo();
    const done = answer.json(200, { long: 'x'.repeat(32 * 1024 * 1024) });
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    mock.timers.tick(59_000);
    assert.deepEqual([outgoing.writableEnded, outgoing.destroyed], [true, false]);
    mock.timers.tick(1000);
    await done;
    assert.equal(outgoing.destroyed, true);
  });

  test('B82: its stream is closed all the same soon after it has ended', async () => {
    const { answer, outgoing } = await answerTo();
    await fill(answer);
    const closed = new Promise((resolve) => outgoing.once('close', resolve));
    const startedAt = performance.now();
    answer.endStream();
    await closed;
    assert.ok(performance.now() - startedAt < 4000);
  });
});

describe('what is ended before it began', { timeout: 8000 }, () => {
  test('no stream is opened any more', async () => {
    const { answer, outgoing } = await answerTo();
    answer.endStream();
    assert.equal(await answer.openStream(), false);
    assert.equal(outgoing.headersSent, false);
  });
  test('a stream is not opened while the record waits and the token ends', async () => {
    const record = Promise.withResolvers<undefined>();
    const { answer, outgoing } = await answerTo(undefined, () => record.promise);
    const opening = answer.openStream();
    answer.endStream();
    record.resolve(undefined);
    assert.equal(await opening, false);
    assert.equal(outgoing.headersSent, true);
  });
  test('a call that waits for its answer gets it, as JSON', async () => {
    const { answer, client } = await answerTo();
    answer.endStream();
    await answer.event({ data: 'progress' });
    await answer.event({ data: '{}' }, { the: 'answer' });
    client.resume();
    const [bytes] = (await new Promise((resolve) => client.once('data', (...all) => resolve(all)))) as [Buffer];
    assert.match(bytes.toString(), /application\/json.*\{"the":"answer"\}$/s);
  });
});

test('of a stream nobody can read nothing is sent but the answer', { timeout: 8000 }, async () => {
  const { answer, outgoing } = await answerTo({ json: true, stream: false });
  assert.equal(await answer.openStream(), false);
  await answer.event({ data: 'progress' });
  assert.equal(outgoing.headersSent, false);
});

describe('an answer that is one document', { timeout: 8000 }, () => {
  /** All that the client has been sent once the connection is at rest. */
  const sentTo = async (client: Socket) => {
    let text = '';
    client.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    client.resume();
    await new Promise((resolve) => setTimeout(resolve, 30));
    return text;
  };
  const streamOnly = { json: false, stream: true };

  test('is JSON, or an event for a client that reads nothing else', async () => {
    const plain = await answerTo();
    await plain.answer.json(200, { a: 1 });
    assert.match(await sentTo(plain.client), /200 OK.*application\/json.*\{"a":1\}$/s);
    assert.equal(plain.answer.isStream, false);
    const streamed = await answerTo(streamOnly);
    await streamed.answer.json(200, { a: 1 });
    assert.match(await sentTo(streamed.client), /200 OK.*text\/event-stream.*data: \{"a":1\}/s);
    assert.deepEqual([streamed.answer.isStream, streamed.answer.isOver], [true, true]);
  });

  test('a refusal is JSON for everybody, and so is what comes where no stream may be opened any more', async () => {
    const refused = await answerTo(streamOnly);
    await refused.answer.json(403, { a: 1 });
    assert.match(await sentTo(refused.client), /403.*application\/json/s);
    const late = await answerTo(streamOnly);
    late.answer.endStream();
    await late.answer.json(200, { a: 1 });
    assert.match(await sentTo(late.client), /200 OK.*application\/json/s);
  });

  test('is sent once, and a stream has one beginning', async () => {
    const { answer, client } = await answerTo();
    await Promise.all([answer.openStream(), answer.openStream()]);
    await answer.event({ data: 'one' });
    assert.equal(answer.isOver, false);
    await answer.event({ data: 'two' }, { the: 'answer' });
    assert.equal(answer.isOver, true);
    const sent = await sentTo(client);
    assert.equal(sent.split('HTTP/1.1 200').length, 2);
    assert.match(sent, /data: one.*data: two/s);
  });

  test('a client that has left is sent nothing, and nothing fails', async () => {
    const { answer, outgoing, client } = await answerTo();
    const gone = new Promise((resolve) => outgoing.once('close', resolve));
    client.destroy();
    await gone;
    assert.equal(answer.isOver, true);
    await answer.json(200, { a: 1 });
    await answer.empty(202);
    await answer.response(new Response('text'));
    await answer.event({ data: 'one' });
    assert.deepEqual([outgoing.headersSent, outgoing.writableEnded, answer.isStream], [false, false, false]);
  });

  test('nothing more to say: a stream ends, what has not begun is cut off', async () => {
    const begun = await answerTo();
    await begun.answer.openStream();
    begun.answer.end();
    assert.deepEqual([begun.outgoing.writableEnded, begun.outgoing.destroyed], [true, false]);
    const silent = await answerTo();
    silent.answer.end();
    assert.deepEqual([silent.outgoing.writableEnded, silent.outgoing.destroyed], [false, true]);
  });
});
