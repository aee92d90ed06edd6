import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { openBrowser, parseForms } from './browser.ts';

const base = new URL('http://localhost:4000/interaction/abc');

describe('forms are read as a browser reads them', () => {
  test('fields keep their values, entities are decoded, a relative action is resolved', () => {
    const html = `<form method="POST" action="login?a=1&amp;b=2"><input type=hidden name=csrf value="a&quot;&#x41;&#66;">
      <input name='email' type='email' required><input type="text"></form>`;
    const [form] = parseForms(html, base);
    assert.equal(form?.action.href, 'http://localhost:4000/interaction/login?a=1&b=2');
    assert.equal(form?.method, 'post');
    assert.deepEqual(form?.fields, [
      { name: 'csrf', type: 'hidden', value: 'a"AB' },
      { name: 'email', type: 'email', value: '' },
    ]);
  });

  test('of several buttons the first is pressed', () => {
    const html =
      '<form><button name="do" value="continue">Go</button><button name="do" value="cancel">No</button></form>';
    assert.deepEqual(parseForms(html, base)[0]?.fields, [{ name: 'do', type: 'submit', value: 'continue' }]);
  });
});

test('cookies go back to the paths they were set for, and redirects end at the waiting address', async (t) => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.url} ${request.headers.cookie ?? '-'}`);
    const answers: Record<string, [location: string, cookies: string[]]> = {
      '/start': ['/inner/page', ['all=1; Path=/', 'inner=2; Path=/inner; HttpOnly', 'gone=3; Path=/']],
      '/inner/page': ['/innermost', ['gone=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT']],
      '/innermost': ['http://127.0.0.1:1/callback?code=c', []],
    };
    const [location = '', cookies = []] = answers[request.url ?? ''] ?? [];
    response.writeHead(303, { location, 'set-cookie': cookies }).end();
  }).listen(0, 'localhost');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;

  const arrival = await openBrowser('http://127.0.0.1:1/callback').visit(new URL(`http://localhost:${port}/start`));
  assert.equal('redirect' in arrival && arrival.redirect.searchParams.get('code'), 'c');
  assert.deepEqual(seen, ['/start -', '/inner/page all=1; inner=2; gone=3', '/innermost all=1']);
});
