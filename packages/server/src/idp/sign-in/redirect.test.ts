import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isNativeRedirect, isRegisteredRedirect } from './redirect.ts';

describe('IDP-39: a redirect address matches to the letter; RFC 8252 §7.3: "MUST allow any port" on loopback', () => {
  const registered = [
    'http://localhost/callback',
    'http://127.0.0.1:3000/callback',
    'http://[::1]/callback',
    'https://app.example/cb',
  ];
  const table: [asked: string, registered: boolean][] = [
    ['http://localhost/callback', true],
    ['http://localhost:51234/callback', true],
    ['http://127.0.0.1:51234/callback', true],
    ['http://127.0.0.1/callback', true],
    ['http://[::1]:51234/callback', true],
    ['https://app.example/cb', true],
    ['http://localhost:51234/callback/', false],
    ['http://localhost:51234/Callback', false],
    ['http://localhost:51234/other', false],
    ['http://localhost:51234/callback?next=1', false],
    ['http://localhost:51234/callback#x', false],
    ['http://localhost:51234/%63allback', false],
    ['http://localhost:51234/x/../callback', false],
    ['http://localhost:51234\\@evil.example/callback', false],
    ['http://localhost:51234@evil.example/callback', false],
    ['http://user@localhost:51234/callback', false],
    ['http://localhost.evil.example:51234/callback', false],
    ['http://127.0.0.2:51234/callback', false],
    ['http://2130706433:51234/callback', false],
    ['http://localhost:65535/callback', true],
    ['http://localhost:65536/callback', false],
    ['http://localhost:99999/callback', false],
    ['https://localhost:51234/callback', false],
    ['HTTP://localhost:51234/callback', false],
    ['https://app.example:8443/cb', false],
    ['https://app.example/cb/', false],
    ['', false],
  ];
  for (const [asked, expected] of table) {
    test(`${asked || 'nothing'}: ${expected ? 'matches' : 'refused'}`, () => {
      assert.equal(isRegisteredRedirect(asked, registered), expected);
    });
  }
});

describe('T03: who else could receive this redirect', () => {
  const table: [uri: string, native: boolean][] = [
    ['http://localhost:51234/callback', true],
    ['http://127.0.0.1/callback', true],
    ['https://localhost:51234/callback', true],
    ['https://[::1]:51234/callback', true],
    ['com.example.app:/callback', true],
    ['no address', true],
    ['https://app.example/cb', false],
    ['https://localhost.example/cb', false],
  ];
  for (const [uri, expected] of table) {
    test(`${uri}: ${expected ? 'any program here' : 'its web server'}`, () =>
      assert.equal(isNativeRedirect(uri), expected));
  }
});
