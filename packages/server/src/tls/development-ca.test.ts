import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect, createServer as createTlsServer } from 'node:tls';
import { promisify } from 'node:util';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate, id_ce_nameConstraints } from '@peculiar/asn1-x509';
import { Problem } from '../problem.ts';
import { type CertificateOrder, mintConstrainedCa, mintServerCertificate } from './certificate.ts';
import { createDevelopmentTls, type DevelopmentTls } from './development-ca.ts';

const run = promisify(execFile);
const now = Math.floor(Date.now() / 1000);
const day = 24 * 60 * 60;

let home: string;
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'credence-tls-'));
});
after(() => rm(home, { recursive: true }));

/** What another Node process, told to trust `caPath`, gets from an https listener: the body, or the error code. */
async function fetchFromChild(tls: { key: string; cert: string }, caPath: string | undefined, host: string) {
  const server = createHttpsServer(tls, (_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}/`;
  const program = `fetch(${JSON.stringify(url)}).then((r) => r.text(), (e) => e.cause.code).then(console.log)`;
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  try {
    const child = await run(process.execPath, ['-e', program], {
      env: caPath === undefined ? env : { ...env, NODE_EXTRA_CA_CERTS: caPath },
    });
    return child.stdout.trim();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Whether OpenSSL, inside Node, accepts the chain; which host was dialled is left out of it. */
async function handshake(ca: string, server: { cert: string; key: string | Buffer }): Promise<string> {
  const listener = createTlsServer(server).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', ca, checkServerIdentity: () => undefined });
  try {
    await once(socket, 'secureConnect');
    return 'accepted';
  } catch (error) {
    return (error as Error).message;
  } finally {
    socket.destroy();
    listener.close();
  }
}

describe('a development certificate', () => {
  let tls: DevelopmentTls;
  before(async () => {
    tls = await createDevelopmentTls(home, now);
  });

  for (const host of ['localhost', '127.0.0.1', '::1']) {
    test(`is accepted for ${host} by a process that trusts the CA`, async () => {
      assert.equal(await fetchFromChild(tls, tls.caPath, host), 'hello');
    });
  }

  test('is refused by a process that does not', async () => {
    assert.equal(await fetchFromChild(tls, undefined, 'localhost'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  test('leaves three files that only their owner can read, and no key of the CA', async () => {
    const files = (await readdir(join(home, 'tls'))).sort();
    assert.deepEqual(files, ['ca.pem', 'server-key.pem', 'server.pem']);
    for (const file of files) assert.equal((await stat(join(home, 'tls', file))).mode & 0o777, 0o600, file);
    assert.equal((await stat(join(home, 'tls'))).mode & 0o777, 0o700);

    const authority = new X509Certificate(await readFile(tls.caPath));
    assert.equal(authority.checkPrivateKey(createPrivateKey(tls.key)), false);
  });

  test('is kept on the next start', async () => {
    assert.deepEqual(await createDevelopmentTls(home, now + 60), tls);
  });
});

describe('the limits of the CA', () => {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const order: CertificateOrder = {
    subject: 'limits',
    subjectKey: authority.publicKey,
    issuer: 'limits',
    issuerKey: { public: authority.publicKey, private: authority.privateKey },
    notBefore: now - 60,
    notAfter: now + day,
  };
  const forServer = { ...order, subject: 'server', subjectKey: server.publicKey };
  const table: [name: string, names: string[], addresses: string[], outcome: string][] = [
    ['localhost', ['localhost'], [], 'accepted'],
    ['a name below localhost', ['app.localhost'], [], 'accepted'],
    ['both loopback addresses', [], ['127.0.0.1', '::1'], 'accepted'],
    ['a name of somebody else', ['bank.example'], [], 'permitted subtree violation'],
    ['a name that only ends alike', ['notlocalhost'], [], 'permitted subtree violation'],
    ['somebody else beside localhost', ['localhost', 'bank.example'], [], 'permitted subtree violation'],
    ['an address of the network', [], ['192.168.0.1'], 'permitted subtree violation'],
    ['a neighbour of ::1', [], ['::2'], 'permitted subtree violation'],
  ];
  for (const [name, names, addresses, outcome] of table) {
    test(`were its key not gone, it could sign for ${name}: ${outcome}`, async () => {
      const ca = mintConstrainedCa(order, ['localhost'], ['127.0.0.1', '::1']);
      const cert = mintServerCertificate(forServer, names, addresses);
      const key = server.privateKey.export({ type: 'pkcs8', format: 'pem' });
      assert.equal(await handshake(ca, { cert, key }), outcome);
    });
  }

  test('they are critical, so that software which does not know them refuses the CA', async () => {
    const { raw } = new X509Certificate(await readFile(join(home, 'tls/ca.pem')));
    const { extensions } = AsnConvert.parse(raw, Certificate).tbsCertificate;
    assert.equal(extensions?.find(({ extnID }) => extnID === id_ce_nameConstraints)?.critical, true);
  });
});

describe('everything is made anew, with another CA', () => {
  const table: [name: string, harm: (dir: string) => Promise<unknown>, later: number][] = [
    ['when the end is near', async () => undefined, 77 * day],
    ['when the clock stands before the beginning', async () => undefined, -2 * day],
    ['when the key is missing', (dir) => rm(join(dir, 'server-key.pem')), 0],
    ['when the certificate was cut short', (dir) => writeFile(join(dir, 'server.pem'), '-----BEGIN CERT'), 0],
    [
      'when the CA is of another making',
      async (dir) => {
        const other = await mkdtemp(join(home, 'other-'));
        const { caPath } = await createDevelopmentTls(other, now);
        await writeFile(join(dir, 'ca.pem'), await readFile(caPath));
      },
      0,
    ],
  ];
  for (const [name, harm, later] of table) {
    test(name, async () => {
      const own = await mkdtemp(join(home, 'renew-'));
      const first = await createDevelopmentTls(own, now);
      await harm(join(own, 'tls'));
      const second = await createDevelopmentTls(own, now + later);
      assert.notEqual(second.cert, first.cert);
      assert.ok(new X509Certificate(second.cert).verify(new X509Certificate(await readFile(second.caPath)).publicKey));
    });
  }
});

test('a home where nothing can be written is named as the problem', async () => {
  const file = join(home, 'a-file');
  await writeFile(file, '');
  await assert.rejects(
    createDevelopmentTls(file, now),
    (error) => error instanceof Problem && error.message.includes(file),
  );
});
