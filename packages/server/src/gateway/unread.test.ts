import assert from 'node:assert/strict';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createUnread } from './unread.ts';

const megabytes = 1024 * 1024;
const arrivals: ((outgoing: ServerResponse) => void)[] = [];
const clients: Socket[] = [];
let server: Server;

before(async () => {
  server = createServer((_, outgoing) => arrivals.shift()?.(outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(() => {
  for (const client of clients) client.destroy();
  server.close();
});

/** An answer of 16 MB to a client that reads nothing until told to; a few of them are on their way all the same. */
async function unreadAnswer(): Promise<{ outgoing: ServerResponse; client: Socket }> {
  const arrived = Promise.withResolvers<ServerResponse>();
  arrivals.push(arrived.resolve);
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  clients.push(client);
  client.on('error', () => undefined);
  client.pause();
  client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const outgoing = await arrived.promise;
  outgoing.write('x'.repeat(16 * megabytes));
  return { outgoing, client };
}

describe('T27: answers that nobody fetches', { timeout: 20_000 }, () => {
  test('one that is taken is waited for, one that is on its way is not', async () => {
    const unread = createUnread(40 * megabytes);
    const { outgoing, client } = await unreadAnswer();
    const taken = unread.untilTaken(outgoing, 'drain');
    const first = await Promise.race([taken.then(() => 'taken'), wait(100, 'not yet')]);
    assert.equal(first, 'not yet');
    client.resume();
    await taken;
    await unread.untilTaken(outgoing, 'drain');
    assert.equal(outgoing.destroyed, false);
  });

  test('of more than may lie there, what has lain longest goes; what was taken meanwhile does not count', async () => {
    const unread = createUnread(40 * megabytes);
    const gone = await unreadAnswer();
    const waits = [unread.untilTaken(gone.outgoing, 'drain')];
    gone.client.resume();
    await waits[0];
    const answers = [await unreadAnswer(), await unreadAnswer(), await unreadAnswer()];
    const [oldest, ...others] = answers.map(({ outgoing }) => outgoing);
    assert.ok(oldest);
    waits.push(unread.untilTaken(oldest, 'drain'));
    for (const outgoing of others) waits.push(unread.untilTaken(outgoing, 'close'));
    assert.deepEqual(
      [oldest, ...others].map(({ destroyed }) => destroyed),
      [true, false, false],
    );
    for (const { outgoing } of answers) outgoing.destroy();
    await Promise.all(waits);
  });

  test('what several wait for counts once, and once only is it taken away', async () => {
    const unread = createUnread(40 * megabytes);
    const { outgoing, client } = await unreadAnswer();
    const waits = Array.from({ length: 5 }, () => unread.untilTaken(outgoing, 'drain'));
    assert.equal(outgoing.destroyed, false);
    client.resume();
    await Promise.all(waits);
    const more = [await unreadAnswer(), await unreadAnswer(), await unreadAnswer()];
    for (const one of more) waits.push(unread.untilTaken(one.outgoing, 'drain'));
    assert.deepEqual(
      more.map((one) => one.outgoing.destroyed),
      [true, false, false],
    );
    for (const one of more) one.outgoing.destroy();
    await Promise.all(waits);
  });

  test('as much as may lie there does', async () => {
    const answers = [await unreadAnswer(), await unreadAnswer()];
    const lying = () => answers.reduce((sum, { outgoing }) => sum + outgoing.writableLength, 0);
    await wait(50); // until as much is on its way as can be
    const unread = createUnread(lying());
    const waits = answers.map(({ outgoing }) => unread.untilTaken(outgoing, 'close'));
    assert.deepEqual(
      answers.map(({ outgoing }) => outgoing.destroyed),
      [false, false],
    );
    for (const { outgoing } of answers) outgoing.destroy();
    await Promise.all(waits);
  });

  test('one that has to be fetched within some time is cut off after it', async () => {
    const unread = createUnread(40 * megabytes);
    const { outgoing } = await unreadAnswer();
    await unread.untilTaken(outgoing, 'close', 50);
    assert.equal(outgoing.destroyed, true);
  });
});
