import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pageHeaders } from './headers.ts';

describe('form-action lets a form lead to', () => {
  const table: [target: string, source: string][] = [
    ['http://localhost:5177/callback?x=1', "'self' http://localhost:5177"],
    ['http://[::1]:5177/callback', "'self' http://[::1]:5177"],
    ['https://app.example/cb', "'self' https://app.example"],
    ['com.example.app:/callback', "'self' com.example.app:"],
    ['https://a.example; script-src *', "'self'"],
    ['not a url', "'self'"],
  ];
  for (const [target, source] of table) {
    test(`${target}: ${source}`, () => {
      const [, formAction] = /form-action ([^;]*)/.exec(pageHeaders([target])['content-security-policy'] ?? '') ?? [];
      assert.equal(formAction, source);
    });
  }
});
