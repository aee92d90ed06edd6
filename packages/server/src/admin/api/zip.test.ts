import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { routes } from './routes.ts';
import { toBody } from './zip.ts';

const long = JSON.stringify({ items: Array.from({ length: 200 }, (_, at) => ({ id: `u_${at}`, name: 'Žofie 陳' })) });
const ask = (accepts: string | undefined, method: 'GET' | 'POST' | 'PATCH' = 'GET', text = long) =>
  toBody(
    text,
    { method },
    new Request('https://admin.example/', accepts ? { headers: { 'accept-encoding': accepts } } : {}),
  );

describe('what of an answer is zipped', () => {
  test('a long one that was read, for whoever takes it; the same comes out again', async () => {
    const { bytes, headers } = await ask('br, gzip;q=0.8');
    assert.deepEqual(headers, { vary: 'accept-encoding', 'content-encoding': 'gzip' });
    assert.ok(bytes.length < long.length / 4);
    assert.equal(gunzipSync(bytes).toString(), long);
  });

  const plain: [what: string, asked: ReturnType<typeof ask>, headers: object][] = [
    ['where nothing is said', ask(undefined), { vary: 'accept-encoding' }],
    ['where gzip is ruled out', ask('gzip;q=0, identity'), { vary: 'accept-encoding' }],
    ['where gzip is ruled out to the end', ask('GZip; q=0.000'), { vary: 'accept-encoding' }],
    ['where another is taken', ask('br, xgzip'), { vary: 'accept-encoding' }],
    ['a short one', ask('gzip', 'GET', 'x'.repeat(1023)), {}],
    ['what a POST made, which may be a secret', ask('gzip', 'POST'), {}],
    ['what a PATCH made', ask('gzip', 'PATCH'), {}],
  ];
  test('of what a session reads only for our own page, which other origins cannot pretend to be (BREACH)', async () => {
    const bySession = (more: Record<string, string>) => {
      const headers = { 'accept-encoding': 'gzip', cookie: 'session=x', ...more };
      return toBody(long, { method: 'GET' }, new Request('https://admin.example/', { headers }));
    };
    assert.equal((await bySession({})).headers['content-encoding'], undefined);
    assert.equal((await bySession({ 'credence-console': '1' })).headers['content-encoding'], 'gzip');
  });
  for (const [what, asked, expected] of plain) {
    test(`not ${what}`, async () => {
      const { bytes, headers } = await asked;
      assert.deepEqual(headers, expected);
      assert.ok([long, 'x'.repeat(1023)].includes(Buffer.from(bytes).toString()));
    });
  }

  test('a little is worth it from one kibibyte on', async () => {
    assert.equal((await ask('gzip', 'GET', 'x'.repeat(1024))).headers['content-encoding'], 'gzip');
  });

  test('nothing that is read names a member for what is told only once', () => {
    const named = routes.flatMap(({ method, id, answer }) => {
      if (method !== 'GET' || !answer) return [];
      const shape = JSON.stringify(z.toJSONSchema(answer));
      const names = shape.matchAll(/"(\w*(?:secret|token|password|otpauth|link|url|uri|code|codes))":\{/gi);
      return [...names].map(([, name]) => `${id} ${name}`);
    });
    assert.deepEqual(named, ['getPerson hasPassword', 'listKeys token'], 'yes or no; the label of a PKCS #11 token');
  });
});
