import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createLog, type LogSettings, toFault, withoutSecrets } from './log.ts';
import { toShape } from './request-log.ts';

function written(settings: Partial<LogSettings>, work: (log: ReturnType<typeof createLog>) => void): string {
  let text = '';
  const log = createLog(
    { level: 'info', format: 'json', ...settings },
    {
      write(line: string) {
        text += line;
      },
    },
  );
  work(log);
  return text;
}

const jwt = `${'eyJhbGciOiJFUzI1NiJ9'}.${'eyJzdWIiOiJ1In0'}.${'c2lnbmF0dXJl'}`;

describe('LOG-01: what is never written', () => {
  test('members by name, also two levels down', () => {
    const text = written({}, (log) => {
      log.info({ password: 'p-1', body: { code: 'c-1', inner: { client_secret: 's-1' } }, kept: 'k-1' }, 'words');
    });
    assert.doesNotMatch(text, /p-1|c-1|s-1/);
    assert.match(text, /"kept":"k-1"/);
  });

  const table: [name: string, text: string, secret: string][] = [
    ['a JWT in a message', `refused ${jwt} here`, jwt],
    ['a JWE', `x eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn y`, 'Y2lwaGVy'],
    ['a JWT without its signature', `${jwt.split('.').slice(0, 2).join('.')}.`, 'eyJzdWIi'],
    ['a bearer token of another kind', 'authorization: Bearer abc.def-ghi_123', 'abc.def'],
    ['basic credentials', 'sent basic Y2xpZW50OnNlY3JldA==', 'Y2xpZW50'],
    ['a private key', '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----', 'MHcCAQEE'],
    ['a private key that is cut short', '-----BEGIN PRIVATE KEY-----\\nMIGHAgEA', 'MIGHAgEA'],
    ['a code in an address', 'went to http://localhost/cb?state=st-1&code=co-1', 'co-1'],
    ['a token in an address', 'GET /x?access_token=at-1&b=2', 'at-1'],
  ];
  for (const [name, text, secret] of table) {
    test(name, () => {
      assert.ok(!withoutSecrets(text).includes(secret), withoutSecrets(text));
      for (const format of ['json', 'text'] as const) {
        const line = written({ format }, (log) => log.warn({ inner: { deep: { deeper: text } } }, text));
        assert.ok(!line.includes(secret) && line.includes('[redacted]'), line);
      }
    });
  }

  test('what is no secret stays', () => {
    for (const text of [
      'd_mgab12XyZ-_0',
      'node-0a1b2c',
      'kid eyJ',
      'https://id.acme.example/token?x=1',
      'a Bearer of news',
    ]) {
      assert.equal(withoutSecrets(text), text);
    }
  });

  test('of a fault its name and place, never its words', () => {
    const fault = toFault(Object.assign(new TypeError(`bad ${jwt}`), { code: 'EBAD' }));
    assert.deepEqual([fault.name, fault.errorCode], ['TypeError', 'EBAD']);
    assert.match(fault.at ?? '', /^at .*log\.test\.ts/);
    assert.ok(!JSON.stringify(fault).includes('eyJ'));
    assert.deepEqual(toFault(`thrown ${jwt}`), { name: 'string' });
    assert.deepEqual(toFault(Object.assign(new Error('x'), { stack: undefined })), { name: 'Error' });
  });
});

describe('levels and formats', () => {
  test('what is below the level is not written', () => {
    const say = (log: ReturnType<typeof createLog>) => {
      log.debug('one');
      log.info('two');
      log.warn('three');
      log.error('four');
    };
    const words = (level: LogSettings['level']) =>
      [...written({ level }, say).matchAll(/"msg":"(\w+)"/g)].map(([, word]) => word);
    assert.deepEqual(words('debug'), ['one', 'two', 'three', 'four']);
    assert.deepEqual(words('warn'), ['three', 'four']);
    assert.deepEqual(words('error'), ['four']);
  });

  test('LOG-05: text is one line each, and shows what would hide', () => {
    const text = written({ format: 'text' }, (log) => {
      log.warn({ server: 'a\nERROR forged', name: 'x\u202Ey\u0000' }, 'not\u2028ready\u001b[31m');
    });
    const [time = '', level, ...rest] = text.trimEnd().split(/ +/);
    assert.ok(Date.parse(time) > 0);
    assert.deepEqual(
      [level, rest.join(' ')],
      ['WARN', 'not\\u{2028}ready\\u{1b}[31m server="a\\nERROR forged" name="x\\u{202e}y\\u0000"'],
    );
    assert.equal(text.split('\n').length, 2);
  });
});

describe('the path of a request as it is logged', () => {
  const table: [url: string, shape: string][] = [
    ['/token', '/token'],
    ['/token?client_secret=s', '/token'],
    ['/.well-known/oauth-protected-resource/files/mcp', '/.well-known/oauth-protected-resource/files/mcp'],
    ['/scim/v2/Users/2819c223-7f76', '/scim/v2/:id/:id'],
    ['/interaction/Qx7_yZ', '/interaction/:id'],
    ['/a/0123456789abcdef', '/a/:id'],
    [`/${jwt}`, '/:id'],
    ['/abcdefghijklmnopqrstuvwxyz', '/:id'],
    ['/', '/'],
    ['', ''],
  ];
  for (const [url, shape] of table) test(`${url}: ${shape}`, () => assert.equal(toShape(url), shape));
});

test('a log on a full disk ends nothing, and takes no more than so much room', {
  skip: process.platform !== 'linux',
}, async () => {
  const work = `
    const { createLog } = await import(process.argv[1]);
    const log = createLog();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 50_000; n++) log.info({ some: 'x'.repeat(1000) }, 'words');
    globalThis.gc();
    process.stdout.write(String((process.memoryUsage().heapUsed - before) / 1_048_576 < 10));`;
  const full = openSync('/dev/full', 'w');
  const args = ['--expose-gc', '--input-type=module', '-e', work, new URL('./log.ts', import.meta.url).href];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', full] });
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  closeSync(full);
  assert.deepEqual([code, said], [0, 'true']);
});
