import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { BlockList } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { type Listener, listen } from '../listener.ts';
import { parseDistinguishedName } from '../policy/distinguished-name.ts';
import type { ClientTls } from '../policy/model.ts';
import { readNames } from './certificate-names.ts';
import { checkCertificate } from './check-certificate.ts';
import { type CertificateReader, type ClientCertificate, createCertificateReader } from './client-certificate.ts';
import { type CertificateWish, type Issued, issueCertificate, makeAuthority, oid } from './fixtures/certificates.ts';

const now = 1_800_000_000;
const ours = makeAuthority('Agents CA');
const strangers = makeAuthority('Agents CA'); // the same name, another key
const server = issueCertificate({ alternatives: [{ dNSName: 'localhost' }], purposes: [oid.serverAuth] }, ours);
const subject = [
  ['2.5.4.6', 'CH'],
  [oid.organization, 'Acme, Inc.'],
  [oid.commonName, 'agent'],
] as const;
const alternatives = [
  { dNSName: 'agent.acme.example' },
  { dNSName: '*.wild.example' },
  { uniformResourceIdentifier: 'spiffe://acme.example/agent' },
  { iPAddress: '192.0.2.7' },
  { iPAddress: '2001:db8::7' },
  { rfc822Name: 'agent@acme.example' },
];
const good = issueCertificate({ subject, alternatives }, ours);
const thumbprintOf = ({ cert }: Issued) =>
  createHash('sha256').update(new X509Certificate(cert).raw).digest('base64url');

const noHops = new BlockList();
const loopback = new BlockList();
loopback.addAddress('127.0.0.1');

/** What `read` makes of requests to a TLS listener. */
async function open(read: CertificateReader): Promise<{ listener: Listener; show: Show }> {
  let seen: ClientCertificate | undefined;
  const listener = await listen({
    name: 'idp',
    host: '127.0.0.1',
    port: 0,
    origin: 'https://localhost',
    tls: server,
    clientCa: [ours.cert],
    trustedHops: noHops,
    handle: (incoming, outgoing) => {
      try {
        seen = read(incoming);
        if (incoming.headers['client-cert'] === undefined) assert.equal(read(incoming), seen, 'read once a connection');
        outgoing.end();
      } catch (fault) {
        outgoing.destroy(fault as Error); // Else whoever asked would wait for ever.
      }
    },
    onFault: (fault) => assert.fail(String(fault)),
  });
  const show: Show = async (identity, headers = {}, { onSession, mustResume, ...more } = {}) => {
    const trust = { host: '127.0.0.1', port: listener.port, servername: 'localhost', ca: ours.cert, agent: false };
    await new Promise<void>((resolve, reject) => {
      const sent = request(
        { ...trust, ...identity, ...more, headers: { host: 'localhost', ...headers } },
        (response) => {
          if (mustResume) assert.equal((response.socket as TLSSocket).isSessionReused(), true);
          response.resume().once('end', resolve);
        },
      );
      if (onSession) sent.once('socket', (socket) => socket.on('session', onSession));
      sent.once('error', reject).end();
    });
    return seen;
  };
  return { listener, show };
}
type Show = (
  identity: Partial<Issued>,
  headers?: Record<string, string | string[]>,
  more?: {
    readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
    readonly session?: Buffer | undefined;
    readonly onSession?: (session: Buffer) => void;
    readonly mustResume?: true;
  },
) => Promise<ClientCertificate | undefined>;

const expecting = (kind: Exclude<ClientTls['kind'], 'self_signed'>, value: string): ClientTls => ({
  kind,
  value,
  bound: false,
});
const byDn = (text: string) => expecting('subject_dn', parseDistinguishedName(text) ?? assert.fail(text));
const outcomeOf = (shown: ClientCertificate | undefined, expected: ClientTls, at = now) => {
  const checked = checkCertificate(shown, expected, at);
  return checked.ok ? 'accepted' : checked.refusal;
};

describe('RFC 8705 §2: the certificate of a TLS connection', () => {
  let world: Awaited<ReturnType<typeof open>>;
  before(async () => {
    world = await open(createCertificateReader({ authorities: [ours.cert], header: undefined, trustedHops: noHops }));
  });
  after(() => world.listener.stop(0));

  const names: [name: string, expected: ClientTls, outcome: string][] = [
    ['its subject', byDn('CN=agent,O=Acme\\, Inc.,C=CH'), 'accepted'],
    ['its subject with blanks', byDn('CN=agent, O=Acme\\, Inc., C=CH'), 'accepted'],
    ['its subject the other way round', byDn('C=CH,O=Acme\\, Inc.,CN=agent'), 'client_certificate_other'],
    ['a part of its subject', byDn('CN=agent'), 'client_certificate_other'],
    ['its subject in other letters', byDn('CN=Agent,O=Acme\\, Inc.,C=CH'), 'client_certificate_other'],
    ['its DNS name', expecting('san_dns', 'agent.acme.example'), 'accepted'],
    ['a name below its DNS name', expecting('san_dns', 'a.agent.acme.example'), 'client_certificate_other'],
    ['a name its wildcard covers', expecting('san_dns', 'a.wild.example'), 'client_certificate_other'],
    ['its common name as DNS name', expecting('san_dns', 'agent'), 'client_certificate_other'],
    ['its URI', expecting('san_uri', 'spiffe://acme.example/agent'), 'accepted'],
    ['the beginning of its URI', expecting('san_uri', 'spiffe://acme.example/'), 'client_certificate_other'],
    ['its address', expecting('san_ip', '192.0.2.7'), 'accepted'],
    ['its address of version 6', expecting('san_ip', '2001:db8::7'), 'accepted'],
    ['its e-mail address', expecting('san_email', 'agent@acme.example'), 'accepted'],
    ['its DNS name as e-mail address', expecting('san_email', 'agent.acme.example'), 'client_certificate_other'],
    ['itself, listed', { kind: 'self_signed', thumbprints: ['x', thumbprintOf(good)], bound: false }, 'accepted'],
    [
      'another one, listed',
      { kind: 'self_signed', thumbprints: ['x'.repeat(43)], bound: false },
      'client_certificate_other',
    ],
  ];
  for (const [name, expected, outcome] of names) {
    test(`${name}: ${outcome}`, async () => assert.equal(outcomeOf(await world.show(good), expected), outcome));
  }

  const byName = expecting('san_dns', 'agent.acme.example');
  const chains: [
    name: string,
    wish: CertificateWish,
    authority: Parameters<typeof issueCertificate>[1],
    outcome: string,
  ][] = [
    ['of an authority of the same name', {}, strangers, 'client_certificate_untrusted'],
    ['signed by itself', {}, undefined, 'client_certificate_untrusted'],
    ['for servers only', { purposes: [oid.serverAuth] }, ours, 'client_certificate_untrusted'],
    ['for nothing in particular', { purposes: [] }, ours, 'accepted'],
    ['expired', { notAfter: 1_700_000_000 }, ours, 'client_certificate_untrusted'],
    ['not yet begun', { notBefore: 3_000_000_000 }, ours, 'client_certificate_untrusted'],
  ];
  for (const [name, wish, authority, outcome] of chains) {
    test(`one ${name}: ${outcome}`, async () => {
      const shown = await world.show(issueCertificate({ subject, alternatives, ...wish }, authority));
      assert.equal(outcomeOf(shown, byName), outcome);
    });
  }

  test('none: client_certificate_missing', async () => {
    assert.equal(await world.show({}), undefined);
    assert.equal(outcomeOf(undefined, byName), 'client_certificate_missing');
  });
  test('signed by itself and listed: accepted while it is in its time', async () => {
    const own = issueCertificate({ subject, notBefore: now - 10, notAfter: now + 10 });
    const shown = await world.show(own);
    const listed: ClientTls = { kind: 'self_signed', thumbprints: [thumbprintOf(own)], bound: false };
    assert.equal(outcomeOf(shown, listed), 'accepted');
    assert.equal(outcomeOf(shown, listed, now - 10), 'accepted');
    assert.equal(outcomeOf(shown, listed, now + 10), 'accepted');
    assert.equal(outcomeOf(shown, listed, now - 11), 'client_certificate_untrusted');
    assert.equal(outcomeOf(shown, listed, now + 11), 'client_certificate_untrusted');
  });
  test('a connection that outlives its certificate', async () => {
    const shown = await world.show(issueCertificate({ subject, alternatives, notAfter: now + 10 }, ours));
    assert.equal(outcomeOf(shown, byName, now + 10), 'accepted');
    assert.equal(outcomeOf(shown, byName, now + 11), 'client_certificate_untrusted');
  });
  test('its thumbprint is the SHA-256 of the certificate', async () => {
    assert.equal((await world.show(good))?.thumbprint, thumbprintOf(good));
  });
  test('a header says nothing where no proxy is configured', async () => {
    assert.equal(await world.show({}, { 'client-cert': toHeader(good) }), undefined);
  });
  test('a second handshake in one connection, which could show another: refused', async () => {
    const identity = { host: '127.0.0.1', port: world.listener.port, servername: 'localhost', ca: ours.cert, ...good };
    const socket = connect({ ...identity, maxVersion: 'TLSv1.2' });
    await once(socket, 'secureConnect');
    socket.renegotiate({ rejectUnauthorized: true }, () => undefined);
    const [error] = await once(socket, 'error');
    assert.match(String(error), /no renegotiation/);
    socket.destroy();
  });
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`a resumed session, ${maxVersion}: the certificate it began with`, async () => {
      let session: Buffer | undefined;
      const onSession = (kept: Buffer) => {
        session = kept;
      };
      await world.show(good, {}, { maxVersion, onSession });
      assert.ok(session, 'the server gave no session');
      const again = await world.show(good, {}, { maxVersion, session, mustResume: true });
      assert.equal(outcomeOf(again, byName), 'accepted');
    });
  }
});

function toHeader({ cert }: Issued): string {
  return `:${new X509Certificate(cert).raw.toString('base64')}:`;
}

describe('TLS-02: the certificate that a proxy passes on', () => {
  const read = createCertificateReader({ authorities: [ours.cert], header: 'client-cert', trustedHops: loopback });
  const from = (address: string, ...values: string[]) =>
    read({
      socket: { remoteAddress: address },
      headersDistinct: { 'client-cert': values },
    } as unknown as IncomingMessage);
  const byName = expecting('san_dns', 'agent.acme.example');
  const pem = encodeURIComponent(good.cert);
  const table: [name: string, shown: () => ClientCertificate | undefined, outcome: string][] = [
    ['in the form of RFC 9440', () => from('127.0.0.1', toHeader(good)), 'accepted'],
    ['in the form of nginx', () => from('127.0.0.1', pem), 'accepted'],
    ['from anybody else', () => from('192.0.2.1', toHeader(good)), 'client_certificate_missing'],
    ['twice', () => from('127.0.0.1', toHeader(good), toHeader(good)), 'client_certificate_missing'],
    ['two in one', () => from('127.0.0.1', pem + pem), 'client_certificate_missing'],
    ['absent', () => from('127.0.0.1'), 'client_certificate_missing'],
    ['empty', () => from('127.0.0.1', ''), 'client_certificate_missing'],
    ['no certificate', () => from('127.0.0.1', ':AAAA:'), 'client_certificate_missing'],
    ['broken percent-encoding', () => from('127.0.0.1', '%E0%A4%A'), 'client_certificate_missing'],
    [
      'of an authority of the same name',
      () => from('127.0.0.1', toHeader(issueCertificate({ alternatives }, strangers))),
      'client_certificate_untrusted',
    ],
    [
      'signed by itself',
      () => from('127.0.0.1', toHeader(issueCertificate({ alternatives }))),
      'client_certificate_untrusted',
    ],
    [
      'for servers only',
      () => from('127.0.0.1', toHeader(issueCertificate({ alternatives, purposes: [oid.serverAuth] }, ours))),
      'client_certificate_untrusted',
    ],
    [
      'expired',
      () => from('127.0.0.1', toHeader(issueCertificate({ alternatives, notAfter: now - 1 }, ours))),
      'client_certificate_untrusted',
    ],
    ['of the authority itself', () => from('127.0.0.1', toHeader(ours)), 'client_certificate_untrusted'],
  ];
  for (const [name, shown, outcome] of table) {
    test(`${name}: ${outcome}`, () => assert.equal(outcomeOf(shown(), byName), outcome));
  }

  test('signed with the key of our authority under another name: client_certificate_untrusted', () => {
    const renamed = { ...ours, name: 'Other CA' };
    const shown = from('127.0.0.1', toHeader(issueCertificate({ alternatives }, renamed)));
    assert.equal(outcomeOf(shown, byName), 'client_certificate_untrusted');
  });
  test('signed by itself and listed: accepted', () => {
    const own = issueCertificate({ alternatives });
    const listed: ClientTls = { kind: 'self_signed', thumbprints: [thumbprintOf(own)], bound: false };
    assert.equal(outcomeOf(from('127.0.0.1', toHeader(own)), listed), 'accepted');
  });
  test('signed by the second of two authorities: accepted', () => {
    const source = { authorities: [strangers.cert, ours.cert], header: 'client-cert', trustedHops: loopback };
    const headersDistinct = { 'client-cert': [toHeader(good)] };
    const incoming = { socket: { remoteAddress: '127.0.0.1' }, headersDistinct } as unknown as IncomingMessage;
    assert.equal(outcomeOf(createCertificateReader(source)(incoming), byName), 'accepted');
  });
  test('signed by an authority whose time is over: client_certificate_untrusted, until it is renewed', () => {
    const over = makeAuthority('Old CA', now - 1);
    const headersDistinct = { 'client-cert': [toHeader(issueCertificate({ subject, alternatives }, over))] };
    const incoming = { socket: { remoteAddress: '127.0.0.1' }, headersDistinct } as unknown as IncomingMessage;
    const outcomeUnder = (...authorities: string[]) =>
      outcomeOf(
        createCertificateReader({ authorities, header: 'client-cert', trustedHops: loopback })(incoming),
        byName,
      );
    assert.equal(outcomeUnder(over.cert), 'client_certificate_untrusted');
    assert.equal(outcomeUnder(over.cert, makeAuthority('Old CA', now + 1, over).cert), 'accepted');
  });
  test('of no connection at all: none', () => assert.equal(read(undefined), undefined));

  test("the certificate of the proxy itself is nobody else's", async () => {
    const world = await open(read);
    try {
      assert.equal(await world.show(good), undefined);
      assert.equal((await world.show(good, { 'client-cert': toHeader(server) }))?.thumbprint, thumbprintOf(server));
    } finally {
      await world.listener.stop(0);
    }
  });
});

describe('names that are left out', () => {
  test('an address that is a range, as constraints of authorities have them: client_certificate_other, no fault', () => {
    const ranges = ['2001:db8::/64', '192.0.2.0/24'].map((iPAddress) => ({ iPAddress }));
    const shown = issueCertificate({ alternatives: [...ranges, { iPAddress: '2001:db8::7' }] }, ours);
    assert.deepEqual(readNames(new X509Certificate(shown.cert).raw).san_ip, ['2001:db8::7']);
    const headersDistinct = { 'client-cert': [toHeader(shown)] };
    const incoming = { socket: { remoteAddress: '127.0.0.1' }, headersDistinct } as unknown as IncomingMessage;
    const source = { authorities: [ours.cert], header: 'client-cert', trustedHops: loopback };
    const read = createCertificateReader(source)(incoming);
    assert.equal(outcomeOf(read, expecting('san_ip', '192.0.2.0')), 'client_certificate_other');
    assert.equal(outcomeOf(read, expecting('san_dns', 'agent.acme.example')), 'client_certificate_other');
    assert.equal(outcomeOf(read, expecting('san_ip', '2001:db8::7')), 'accepted');
  });
  const subjectOf = (subject: NonNullable<CertificateWish['subject']>) =>
    readNames(new X509Certificate(issueCertificate({ subject }, ours).cert).raw).subject_dn;
  test('a subject with one part in a kind of string that nobody uses any more', () => {
    const odd = [oid.organization, { teletexString: 'Acme' }] as const;
    assert.deepEqual(subjectOf([odd, [oid.commonName, 'agent']]), []);
  });
  test('all of what is no certificate as we know it', () => {
    const none = { subject_dn: [], san_dns: [], san_uri: [], san_ip: [], san_email: [] };
    assert.deepEqual(readNames(new X509Certificate(good.cert).raw.subarray(0, -1)), none);
  });
  test('an empty subject', () => assert.deepEqual(subjectOf([]), []));
  for (const value of [{ printableString: 'agent' }, { ia5String: 'agent' }, { utf8String: 'agent' }]) {
    test(`but not one in ${Object.keys(value)[0]}`, () => {
      assert.deepEqual(subjectOf([[oid.commonName, value]]), [parseDistinguishedName('CN=agent')]);
    });
  }
});

test('a file of authorities that holds another certificate, or none, is a problem', () => {
  for (const file of [
    '',
    good.cert,
    ours.cert + good.cert,
    '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----',
  ]) {
    assert.throws(
      () => createCertificateReader({ authorities: [file], header: undefined, trustedHops: noHops }),
      /clientCertificates\.ca/,
    );
  }
  createCertificateReader({ authorities: [ours.cert + strangers.cert], header: undefined, trustedHops: noHops });
});
