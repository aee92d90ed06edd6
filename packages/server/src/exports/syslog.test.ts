import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { issueCertificate, makeAuthority, oid } from '../clients/fixtures/certificates.ts';
import { linesOf } from './fixtures.ts';
import { type SyslogMaterial, syslogDestination } from './syslog.ts';
import { toFrame, toSyslogMessage } from './syslog-message.ts';

const authority = makeAuthority('test authority');
const issued = issueCertificate({ alternatives: [{ dNSName: 'localhost' }], purposes: [oid.serverAuth] }, authority);
const ours = issueCertificate({ subject: [[oid.commonName, 'credence']] }, authority);
const known: SyslogMaterial = { ca: [authority.cert], cert: undefined, key: undefined };

/** A receiver that reads frames by their length, as RFC 5425 has it. */
async function receiver(options: TlsOptions = {}, onSocket: (socket: TLSSocket) => void = () => undefined) {
  const messages: string[] = [];
  const server = createServer({ ...issued, ...options }, (socket) => {
    let text = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      text = Buffer.concat([text, chunk]);
      for (;;) {
        const [whole, length] = /^(\d+) /.exec(text.subarray(0, 12).toString('latin1')) ?? [];
        if (whole === undefined || text.length < whole.length + Number(length)) return;
        messages.push(text.subarray(whole.length, whole.length + Number(length)).toString());
        text = text.subarray(whole.length + Number(length));
      }
    });
    onSocket(socket);
  });
  server.on('tlsClientError', () => undefined);
  after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return { messages, address: `localhost:${(server.address() as AddressInfo).port}` };
}

describe('an export to syslog over TLS', () => {
  test('messages arrive whole and in order, over several connections', async () => {
    const { messages, address } = await receiver();
    const syslog = syslogDestination({ address }, known, 'node.acme.example');
    for (const lines of [linesOf(150), linesOf(2)])
      assert.deepEqual(await syslog.send(lines), { outcome: 'delivered' });
    assert.equal(messages.length, 152);
    assert.match(messages[0] ?? '', /^<110>1 \S+Z node\.acme\.example credence - issuance - \{"id":"d_1","n":1\}$/);
    assert.deepEqual(
      messages.slice(150).map((message) => message.slice(message.indexOf('{'))),
      ['{"id":"d_1","n":1}', '{"id":"d_2","n":2}'],
    );
  });

  test('a receiver that wants to see a certificate sees ours', async () => {
    const { messages, address } = await receiver({ requestCert: true, rejectUnauthorized: true, ca: authority.cert });
    const without = await syslogDestination({ address }, known, 'n').send(linesOf(1));
    assert.equal(without.outcome, 'away');
    assert.deepEqual(await syslogDestination({ address }, { ...known, ...ours }, 'n').send(linesOf(1)), {
      outcome: 'delivered',
    });
    assert.equal(messages.length, 1);
  });

  test('whoever has no certificate of a known authority, or one of another name, is told nothing', async () => {
    const { messages, address } = await receiver();
    const unknown = await syslogDestination({ address }, { ...known, ca: [makeAuthority('another').cert] }, 'n').send(
      linesOf(1),
    );
    assert.equal(unknown.outcome, 'away');
    const elsewhere = issueCertificate(
      { alternatives: [{ dNSName: 'elsewhere' }], purposes: [oid.serverAuth] },
      authority,
    );
    const other = await receiver(elsewhere);
    const sent = await syslogDestination({ address: other.address }, known, 'n').send(linesOf(1));
    assert.deepEqual(sent, { outcome: 'away', why: 'ERR_TLS_CERT_ALTNAME_INVALID', faulty: false });
    assert.equal(messages.length + other.messages.length, 0);
  });

  test('a receiver that hangs up, one that never closes, and none at all: away', async () => {
    const rude = await receiver({}, (socket) => socket.destroy());
    assert.equal((await syslogDestination({ address: rude.address }, known, 'n').send(linesOf(200))).outcome, 'away');
    assert.deepEqual(await syslogDestination({ address: 'localhost:1' }, known, 'n').send(linesOf(1)), {
      outcome: 'away',
      why: 'ECONNREFUSED',
      faulty: false,
    });
    const deaf = await receiver({}, (socket) => socket.pause());
    const destination = syslogDestination({ address: deaf.address }, known, 'n');
    const sending = destination.send(linesOf(1));
    setTimeout(() => void destination.close(), 200);
    assert.equal((await sending).outcome, 'away', 'a stop does not wait for it');
  });
});

describe('RFC 5424', () => {
  const [line] = linesOf(1, { timeMs: 1_800_000_000_123 });
  assert.ok(line);
  const { row } = line;
  const body = (change: object) => JSON.stringify({ ...JSON.parse(row.body), ...change });

  test('a message to the letter', () => {
    assert.equal(toSyslogMessage(row, 'text', 'h'), '<110>1 2027-01-15T08:00:00.123Z h credence - issuance - text');
  });
  test('severity: informational, notice for what was refused, warning for an alert', () => {
    assert.match(toSyslogMessage({ ...row, body: body({ outcome: 'refused' }) }, '', 'h'), /^<109>1 /);
    assert.match(toSyslogMessage({ ...row, kind: 'alert' }, '', 'h'), /^<108>1 /);
  });
  test('fields of the header are printable ASCII, and never empty', () => {
    assert.match(toSyslogMessage(row, 't', 'ä b\n'), /Z b credence - issuance - t$/);
    assert.match(toSyslogMessage(row, 't', 'ä'), /Z - credence/);
    assert.match(toSyslogMessage({ ...row, kind: 'k'.repeat(40) }, 't', 'h'), /- k{32} - t$/);
  });
  test('RFC 5425: the length counts bytes, not characters', () => {
    assert.equal(toFrame('aä😀'), '7 aä😀');
  });
});
