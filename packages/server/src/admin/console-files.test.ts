import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { findConsoleAsset, readConsoleFiles, toConsolePage } from './console-files.ts';

describe('the files of the console', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'credence-console-'));
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html>');
    writeFileSync(join(folder, 'assets', 'index-a1.js'), 'let a;');
    writeFileSync(join(folder, 'assets', 'index-a1.js.map'), '{}');
  });
  after(() => rmSync(folder, { recursive: true }));

  const files = () => readConsoleFiles(folder) ?? assert.fail('it is built');
  const ask = (path: string, headers: Record<string, string> = {}) =>
    new Request(`http://localhost:4002${path}`, { headers });

  test('where nobody has built it there is nothing, and that is no fault', () => {
    assert.equal(readConsoleFiles(join(folder, 'elsewhere')), undefined);
  });

  test('the page may run our own files and nothing else, and is asked for anew each time', async () => {
    const page = toConsolePage(files(), ask('/people/u_1'));
    assert.equal(await page.text(), '<!doctype html>');
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(page.headers.get('cache-control'), 'no-cache');
    assert.equal(page.headers.get('x-frame-options'), 'DENY');
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(page.headers.get('cross-origin-opener-policy'), 'same-origin');
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
    assert.equal(
      page.headers.get('content-security-policy'),
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
  });

  test('what carries a hash is kept for good, zipped for whoever can read that', async () => {
    const plain = findConsoleAsset(files(), ask('/assets/index-a1.js?x=1'));
    assert.equal(await plain?.text(), 'let a;');
    assert.equal(plain?.headers.get('content-encoding'), null);
    assert.equal(plain?.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.equal(plain?.headers.get('cross-origin-resource-policy'), 'same-origin');
    const zipped = findConsoleAsset(files(), ask('/assets/index-a1.js', { 'accept-encoding': 'br, gzip' }));
    assert.equal(zipped?.headers.get('content-encoding'), 'gzip');
    assert.equal(zipped?.headers.get('vary'), 'accept-encoding');
    assert.equal(gunzipSync(new Uint8Array((await zipped?.arrayBuffer()) ?? new ArrayBuffer())).toString(), 'let a;');
  });

  test('only what was built is there: no path leads to another file', () => {
    for (const path of [
      '/assets/',
      '/assets/index-a1.js.map',
      '/assets/../index.html',
      '/assets/%2e%2e/index.html',
      '/index.html',
    ]) {
      assert.equal(findConsoleAsset(files(), ask(path)), undefined, path);
    }
  });
});
