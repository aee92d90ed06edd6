import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { CallerGone } from '../../door.ts';
import { type ReadRequest, readFormBody, unread } from './request-body.ts';

describe('the body of a form', () => {
  const urlencoded = 'application/x-www-form-urlencoded';
  const maxBytes = 56 * 1024;
  let work: (incoming: ReadRequest) => Promise<unknown> = async () => undefined;
  const server = createServer(async (incoming, outgoing) => {
    outgoing.end(JSON.stringify(await work(incoming)));
  });
  before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** What the work makes of a real request; in pieces, there is no `content-length`. */
  function send(text: string, type: string | undefined, inPieces = false): Promise<unknown> {
    const { port } = server.address() as AddressInfo;
    const headers = {
      ...(type !== undefined && { 'content-type': type }),
      ...(!inPieces && { 'content-length': Buffer.byteLength(text) }),
    };
    return new Promise((resolve, reject) => {
      const outgoing = request({ port, method: 'POST', headers }, async (response: IncomingMessage) => {
        resolve(JSON.parse(Buffer.concat(await response.toArray()).toString()));
      });
      outgoing.on('error', reject);
      for (const piece of text.match(/[\s\S]{1,20000}/g) ?? []) outgoing.write(piece);
      outgoing.end();
    });
  }

  const table: [name: string, text: string, type: string | undefined, outcome: string | undefined][] = [
    ['a form', 'a=ü', urlencoded, undefined],
    ['an empty form', '', urlencoded, undefined],
    ['a form that says its letters', 'a=1', ' Application/X-WWW-Form-Urlencoded ; charset=utf-8', undefined],
    ['JSON', '{}', 'application/json', 'wrong_content_type'],
    ['something', 'a=1', undefined, 'wrong_content_type'],
    ['as much as is read', 'a'.repeat(maxBytes), urlencoded, undefined],
    ['a byte more', 'a'.repeat(maxBytes + 1), urlencoded, 'body_too_large'],
  ];
  for (const [name, text, type, refusal] of table) {
    test(`${name}: ${refusal ?? 'read'}`, async () => {
      work = readFormBody;
      assert.deepEqual(await send(text, type), refusal ? { ok: false, refusal } : { ok: true, value: text });
    });
  }

  test('one that is too large is so whoever reads it next: what is left of it is no form', async () => {
    work = async (incoming) => [await readFormBody(incoming), await readFormBody(incoming)];
    const refused = { ok: false, refusal: 'body_too_large' };
    assert.deepEqual(await send('a'.repeat(90_000), urlencoded, true), [refused, refused]);
  });

  test('whoever goes away in the middle of it is gone, and that is no fault of ours', async () => {
    const fault = new Promise<unknown>((resolve) => {
      work = (incoming) => readFormBody(incoming).catch(resolve);
    });
    const { port } = server.address() as AddressInfo;
    const headers = { 'content-type': urlencoded, 'content-length': 100 };
    const outgoing = request({ port, method: 'POST', headers });
    outgoing.on('error', () => undefined);
    outgoing.write('a=1', () => setImmediate(() => outgoing.destroy()));
    assert.ok((await fault) instanceof CallerGone);
  });

  test('is read from the stream once, and kept', async () => {
    work = async (incoming) => [await readFormBody(incoming), await readFormBody(incoming)];
    assert.deepEqual(await send('a=1', urlencoded), Array(2).fill({ ok: true, value: 'a=1' }));
  });

  test('what was read by somebody else is taken from where they left it', async () => {
    work = async (incoming) => readFormBody(Object.assign(incoming, { body: 'b=2' }));
    assert.deepEqual(await send('a=1', urlencoded), { ok: true, value: 'b=2' });
  });

  for (const inPieces of [false, true]) {
    test(`the next reader finds another in its place, ${inPieces ? 'sent in pieces' : 'with its length'}`, async () => {
      work = async (incoming) => {
        await readFormBody(incoming);
        unread(incoming, 'b=ü&c=3');
        const chunks = incoming.iterator() as unknown as Buffer[];
        return [incoming.readable, incoming.headers['content-length'] ?? 'none', Buffer.concat(chunks).toString()];
      };
      assert.deepEqual(await send('a=1', urlencoded, inPieces), [true, inPieces ? 'none' : '8', 'b=ü&c=3']);
    });
  }
});
