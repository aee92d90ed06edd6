import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultScope } from './default-scope.ts';
import type { Context } from './layer.ts';

const table: [name: string, method: string, path: string, query: Record<string, string>, scope: string | undefined][] =
  [
    ['no scope', 'GET', '/auth', { client_id: 'c' }, 'openid'],
    ['an empty scope counts as absent', 'GET', '/auth', { scope: '' }, 'openid'],
    ['a scope of its own', 'GET', '/auth', { scope: 'openid email' }, 'openid email'],
    ['a pushed request says it elsewhere', 'GET', '/auth', { request_uri: 'urn:x' }, undefined],
    ['the second part of a sign-in', 'GET', '/auth/abc', {}, undefined],
    ['another endpoint', 'GET', '/session/end', {}, undefined],
  ];
for (const [name, method, path, query, scope] of table) {
  test(`RFC 6749 §3.3, ${name}: ${scope}`, async () => {
    const context = { method, path, query } as unknown as Context;
    await defaultScope(context, async () => undefined);
    assert.equal(context.query.scope, scope);
  });
}
