import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answerId, isId, metaOf, paramsOf, parseMessage, revisionOf, rpcError } from './message.ts';

const kindOf = (value: unknown) => parseMessage(JSON.stringify(value))?.kind;
const v2 = { jsonrpc: '2.0' };
const revision = 'io.modelcontextprotocol/protocolVersion';

describe('one JSON-RPC message, read strictly', () => {
  const table: [name: string, value: unknown, kind: string | undefined][] = [
    ['a request', { ...v2, id: 1, method: 'ping' }, 'request'],
    ['a request by a name, with parameters', { ...v2, id: 'a', method: 'ping', params: {} }, 'request'],
    ['a notification', { ...v2, method: 'notifications/x' }, 'notification'],
    ['a result', { ...v2, id: 1, result: {} }, 'response'],
    ['a result that is null', { ...v2, id: 1, result: null }, 'response'],
    ['an error', { ...v2, id: 'a', error: {} }, 'response'],
    ['an error to nobody', { ...v2, id: null, error: {} }, 'response'],
    ['an error without an id', { ...v2, error: {} }, 'response'],
    ['a result to nobody', { ...v2, id: null, result: {} }, undefined],
    ['a result without an id', { ...v2, result: {} }, undefined],
    ['an error to what is no id', { ...v2, id: {}, error: {} }, undefined],
    ['no version', { id: 1, method: 'ping' }, undefined],
    ['another version', { jsonrpc: '1.0', id: 1, method: 'ping' }, undefined],
    ['a batch', [{ ...v2, id: 1, method: 'ping' }], undefined],
    ['text', 'ping', undefined],
    ['a member more', { ...v2, id: 1, method: 'ping', more: 1 }, undefined],
    ['an id that is null', { ...v2, id: null, method: 'ping' }, undefined],
    ['a method that is none', { ...v2, id: 1, method: 5 }, undefined],
    ['a method that is none, with a result', { ...v2, id: 1, method: 5, result: {} }, undefined],
    ['a request and its result', { ...v2, id: 1, method: 'ping', result: {} }, undefined],
    ['a notification and an error', { ...v2, method: 'ping', error: {} }, undefined],
    ['parameters that are a list', { ...v2, id: 1, method: 'ping', params: [] }, undefined],
    ['parameters of a result', { ...v2, id: 1, result: {}, params: {} }, undefined],
    ['neither', { ...v2, id: 1 }, undefined],
    ['the name of a tool twice', { ...v2, id: 1, method: 'x', params: { name: 'a', Name: 'b' } }, undefined],
    ['a Kelvin sign in a judged word', { ...v2, id: 1, method: 'x', params: { 'tas\u212aId': 'b' } }, undefined],
    ['a member that only looks alike', { ...v2, id: 1, method: 'x', params: { names: 'b', name: 'a' } }, 'request'],
    [
      'a revision in other letters',
      { ...v2, id: 1, method: 'x', params: { _meta: { [revision.toUpperCase()]: '1' } } },
      undefined,
    ],
    ['a revision', { ...v2, id: 1, method: 'x', params: { _meta: { [revision]: '1', own: 1 } } }, 'request'],
  ];
  for (const [name, value, kind] of table) test(`${name}: ${kind ?? 'none'}`, () => assert.equal(kindOf(value), kind));

  test('a member twice, or what is nested too deep, is none', () => {
    assert.equal(parseMessage('{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}'), undefined);
    const deep = (levels: number) =>
      `{"jsonrpc":"2.0","id":1,"method":"x","params":${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}}`;
    assert.equal(parseMessage(deep(60))?.kind, 'request');
    assert.equal(parseMessage(deep(70)), undefined);
  });

  test('numbers that a double cannot hold go through as they were written, others as they are', () => {
    const text = '{"jsonrpc":"2.0","id":1,"method":"x","params":{"big":12345678901234567890,"small":1.5}}';
    const message = parseMessage(text);
    assert.equal(JSON.stringify(message?.body), text);
    assert.equal(message && paramsOf(message).small, 1.5);
    assert.equal(parseMessage('1234567890123456'), undefined);
    assert.equal(parseMessage('{"jsonrpc":"2.0","id":1234567890123456'), undefined);
  });

  test('an id is text or a number', () => {
    assert.deepEqual(
      [isId('a'), isId(0), isId(Number.NaN), isId(null), isId(undefined)],
      [true, true, false, false, false],
    );
  });
});

describe('what a message holds', () => {
  const of = (params: unknown) => ({ body: { ...v2, params } as never });

  test('parameters, what is said of them, and the revision, where they are there', () => {
    assert.deepEqual([paramsOf(of({ a: 1 })), paramsOf(of(undefined)), paramsOf(of([]))], [{ a: 1 }, {}, {}]);
    assert.deepEqual([metaOf(of({ _meta: { b: 1 } })), metaOf(of({ _meta: 5 }))], [{ b: 1 }, {}]);
    assert.equal(revisionOf(of({ _meta: { [revision]: '2026-07-28' } })), '2026-07-28');
    assert.equal(revisionOf(of({ _meta: { [revision]: 5 } })), undefined);
  });

  test('is answered by its id, where it is a request', () => {
    const text = (value: object) => parseMessage(JSON.stringify({ ...v2, ...value }));
    assert.equal(answerId(text({ id: 7, method: 'ping' })), 7);
    assert.equal(answerId(text({ id: 7, result: {} })), null);
    assert.equal(answerId(undefined), null);
    assert.deepEqual(rpcError(7, -1, 'no'), { ...v2, id: 7, error: { code: -1, message: 'no' } });
    assert.deepEqual(rpcError(7, -1, 'no', { a: 1 }).error, { code: -1, message: 'no', data: { a: 1 } });
  });
});
