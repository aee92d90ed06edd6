import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { issueCertificate, makeAuthority, oid } from '../clients/fixtures/certificates.ts';
import { createEgress } from '../egress.ts';
import { linesOf } from './fixtures.ts';
import { webhookDestination } from './webhook.ts';
import { parseSecrets, signWebhook } from './webhook-signature.ts';

const authority = makeAuthority('test authority');
const issued = issueCertificate({ alternatives: [{ dNSName: 'localhost' }], purposes: [oid.serverAuth] }, authority);
const egress = createEgress({ internalRanges: [], allowLoopback: true, extraCa: [authority.cert] });
const strict = createEgress({ internalRanges: [], allowLoopback: false, extraCa: [authority.cert] });
after(() => Promise.all([egress.close(), strict.close()]));

async function receiver(handle: RequestListener): Promise<string> {
  const server = createServer(issued, handle);
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return `https://localhost:${(server.address() as AddressInfo).port}/in`;
}

const secret = `whsec_${randomBytes(32).toString('base64')}`;
const keys = parseSecrets(secret) ?? [];
const now = () => 1_800_000_000;
const send = async (handle: RequestListener) =>
  webhookDestination({ url: await receiver(handle) }, { post: egress.fetch, keys, now }).send(linesOf(2));

/** What docs/operate/exports.md tells a receiver to do. */
function verify(headers: Record<string, string | undefined>, body: string, text: string, nowSeconds: number): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures = '' } = headers;
  if (Math.abs(nowSeconds - Number(timestamp)) > 300) return false;
  const key = Buffer.from(text.slice('whsec_'.length), 'base64');
  const expected = `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  return signatures.split(' ').includes(expected);
}

describe('an export to a webhook', () => {
  test('records come as one JSON array, signed by the Standard Webhooks convention', async () => {
    let got: { headers: Record<string, string>; body: string } | undefined;
    const sent = await send(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString();
      got = { headers: request.headers as Record<string, string>, body };
      response.writeHead(204).end();
    });
    assert.deepEqual(sent, { outcome: 'delivered' });
    assert.ok(got);
    assert.deepEqual(JSON.parse(got.body), [
      { id: 'd_1', n: 1 },
      { id: 'd_2', n: 2 },
    ]);
    assert.equal(got.headers['content-type'], 'application/json');
    assert.equal(verify(got.headers, got.body, secret, now()), true);
    assert.equal(verify(got.headers, `${got.body} `, secret, now()), false, 'another body');
    assert.equal(verify({ ...got.headers, 'webhook-id': 'msg_x' }, got.body, secret, now()), false, 'another id');
    assert.equal(verify({ ...got.headers, 'webhook-timestamp': '1800000001' }, got.body, secret, now()), false);
    assert.equal(verify(got.headers, got.body, secret, now() + 301), false, 'too old');
  });

  const table: [name: string, handle: RequestListener, outcome: object][] = [
    ['200', (_, response) => response.end('ok'), { outcome: 'delivered' }],
    ['400', (_, response) => response.writeHead(400).end(), { outcome: 'refused', why: 'status 400' }],
    ['413', (_, response) => response.writeHead(413).end(), { outcome: 'refused', why: 'status 413' }],
    ['422', (_, response) => response.writeHead(422).end(), { outcome: 'refused', why: 'status 422' }],
    [
      '500',
      (_, response) => response.writeHead(500).end('secret'),
      { outcome: 'away', why: 'status 500', faulty: true },
    ],
    ['501', (_, response) => response.writeHead(501).end(), { outcome: 'away', why: 'status 501', faulty: true }],
    ['502', (_, response) => response.writeHead(502).end(), { outcome: 'away', why: 'status 502', faulty: false }],
    ['401', (_, response) => response.writeHead(401).end(), { outcome: 'away', why: 'status 401', faulty: false }],
    ['404', (_, response) => response.writeHead(404).end(), { outcome: 'away', why: 'status 404', faulty: false }],
    [
      'a redirect, which is not followed',
      (request, response) =>
        request.url === '/in' ? response.writeHead(307, { location: '/other' }).end() : response.end(),
      { outcome: 'away', why: 'status 307', faulty: false },
    ],
    [
      '429 with a time',
      (_, response) => response.writeHead(429, { 'retry-after': '7' }).end(),
      { outcome: 'away', why: 'status 429', faulty: false, waitMs: 7000 },
    ],
    [
      '503 with a time that is too long',
      (_, response) => response.writeHead(503, { 'retry-after': '99999' }).end(),
      { outcome: 'away', why: 'status 503', faulty: false, waitMs: 300_000 },
    ],
    [
      '503 with a date',
      (_, response) => response.writeHead(503, { 'retry-after': 'Fri, 27 Nov 2026 08:00:00 GMT' }).end(),
      { outcome: 'away', why: 'status 503', faulty: false },
    ],
    ['hanging up', (request) => request.socket.destroy(), { outcome: 'away', why: 'UND_ERR_SOCKET', faulty: false }],
    ['no answer', () => undefined, { outcome: 'away', why: 'TimeoutError', faulty: false }],
  ];
  for (const [name, handle, outcome] of table) {
    test(`${name}: ${JSON.stringify(outcome)}`, async () => {
      const sent = await send(handle);
      assert.deepEqual(sent, outcome);
    });
  }

  test('T17: an internal address is not reached unless it is listed; nobody there: away', async () => {
    const url = await receiver((_, response) => response.end());
    const closed = webhookDestination({ url }, { post: strict.fetch, keys, now });
    assert.deepEqual(await closed.send(linesOf(1)), { outcome: 'away', why: 'EgressRefused', faulty: false });
    const nobody = webhookDestination({ url: 'https://localhost:1/' }, { post: egress.fetch, keys, now });
    assert.deepEqual(await nobody.send(linesOf(1)), { outcome: 'away', why: 'ECONNREFUSED', faulty: false });
  });

  test('a certificate of an authority that is not known: away', async () => {
    const url = await receiver((_, response) => response.end());
    const others = createEgress({ internalRanges: [], allowLoopback: true, extraCa: [] });
    const sent = await webhookDestination({ url }, { post: others.fetch, keys, now }).send(linesOf(1));
    assert.equal(sent.outcome, 'away');
    await others.close();
  });
});

describe('the signature', () => {
  test('the example of docs/operate/exports.md', () => {
    const key = parseSecrets('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYq\n') ?? [];
    assert.deepEqual(signWebhook('[{"id":"d_1"}]', 1_800_000_000, key), {
      'webhook-id': 'msg_YUAQ2H2_GFL9iba_-oHtLPvo_sAsBG9a',
      'webhook-timestamp': '1800000000',
      'webhook-signature': 'v1,wv/mvLOX/ALXy+XijZE/h7g5n7pTbW7s8QTwx8iSW9k=',
    });
  });

  test('the id is that of the content: sent again it is the same, whenever', () => {
    assert.equal(signWebhook('[1]', 1, keys)['webhook-id'], signWebhook('[1]', 2, keys)['webhook-id']);
    assert.notEqual(signWebhook('[1]', 1, keys)['webhook-id'], signWebhook('[2]', 1, keys)['webhook-id']);
  });

  test('while the secret is changed, both sign', () => {
    const other = `whsec_${randomBytes(24).toString('base64')}`;
    const both = parseSecrets(`${secret}\n\n ${other} \n`) ?? [];
    const headers = signWebhook('[1]', now(), both) as unknown as Record<string, string>;
    for (const text of [secret, other]) assert.equal(verify(headers, '[1]', text, now()), true);
  });

  const table: [name: string, text: string, count: number | undefined][] = [
    ['one', secret, 1],
    ['none', '', undefined],
    ['without its prefix', secret.slice(6), undefined],
    ['too short', `whsec_${randomBytes(23).toString('base64')}`, undefined],
    ['24 bytes', `whsec_${randomBytes(24).toString('base64')}`, 1],
    ['64 bytes', `whsec_${randomBytes(64).toString('base64')}`, 1],
    ['too long', `whsec_${randomBytes(65).toString('base64')}`, undefined],
    ['three', [secret, secret, secret].join('\n'), undefined],
    ['one of them bad', `${secret}\nwhsec_!`, undefined],
  ];
  for (const [name, text, count] of table) {
    test(`secrets: ${name}`, () => assert.equal(parseSecrets(text)?.length, count));
  }
});
