import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StoreSection, toPostgresSettings } from './store-config.ts';

const at = (path: string) => `/etc/${path}`;
const read = (section: unknown) => toPostgresSettings(StoreSection.parse(section), at);

describe('store', () => {
  test('an address says where, as whom and which database', () => {
    assert.deepEqual(read('postgres://cre%40dence@db.acme.example:6432/cre%64ence'), {
      host: 'db.acme.example',
      port: 6432,
      database: 'credence',
      user: 'cre@dence',
      passwordFile: undefined,
      tls: { ca: [] },
      maxReaders: 10,
      standby: 'warn',
    });
  });

  test('the password is in a file: the one named, or the service credential', () => {
    const url = 'postgres://c@db.acme.example/credence';
    assert.equal(read({ url, passwordFile: 'pw' }).passwordFile, '/etc/pw');
    process.env.CREDENTIALS_DIRECTORY = '/run/credentials/credence.service';
    try {
      assert.equal(read(url).passwordFile, '/run/credentials/credence.service/credence-store-password');
    } finally {
      delete process.env.CREDENTIALS_DIRECTORY;
    }
  });

  const tls: [address: string, isVerified: boolean][] = [
    ['postgres://c@db.acme.example/c', true],
    ['postgres://c@10.0.0.7/c', true],
    ['postgres://c@localhost.evil.example/c', true],
    ['postgres://c@127.evil.example/c', true],
    ['postgres://c@localhost/c', false],
    ['postgres://c@127.0.0.1/c', false],
    ['postgres://c@[::1]/c', false],
    ['postgres://c@localhost/c?host=/run/postgresql', false],
  ];
  for (const [address, isVerified] of tls) {
    test(`${address}: ${isVerified ? 'TLS' : 'in the clear'}`, () => {
      assert.equal(read(address).tls !== undefined, isVerified);
      assert.deepEqual(read({ url: address, ca: ['ca.pem'] }).tls, { ca: ['/etc/ca.pem'] });
    });
  }

  const refused: [section: unknown, said: RegExp][] = [
    ['postgres://c:secret@db/c', /must not hold the password/],
    ['postgres://db/c', /must name the user/],
    ['postgres://c@db/', /must name the database/],
    ['postgres://c@db/a/b', /must name the database/],
    ['postgres:///c', /must name the user/],
    ['postgres://c@/c', /must be postgres/],
    ['mysql://c@db/c', /must be postgres/],
    ['store.db', /must be postgres/],
    [7, /must be postgres/],
    ['postgres://c@db/c?sslmode=disable', /has sslmode in it/],
    ['postgres://c@db/c?host=/run', /host= is for the folder of a socket/],
    [{ url: 'postgres://c@db/c', connections: 1 }, /2 to 100/],
    [{ url: 'postgres://c@db/c', standby: 'none' }, /must be require or warn/],
    [{ url: 'postgres://c@db/c', ca: [] }, /at least one file/],
    [{ url: 'postgres://c@db/c', tls: false }, /[Uu]nrecognized key/],
  ];
  for (const [section, said] of refused) {
    test(`refused: ${JSON.stringify(section)}`, () => {
      const parsed = StoreSection.safeParse(section);
      assert.equal(parsed.success, false);
      assert.match(JSON.stringify(parsed.error), said);
      if (JSON.stringify(section).includes('secret')) assert.doesNotMatch(JSON.stringify(parsed.error), /secret/);
    });
  }
});
