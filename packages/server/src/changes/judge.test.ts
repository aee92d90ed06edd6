import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judge } from './judge.ts';

const origins = { idp: 'https://id.acme.example', ras: 'https://mcp.acme.example' };
const server = (upstream: object) => ({ servers: { tracker: { scopes: { read: {} }, upstream } } });

describe('whether a document could be published', () => {
  test('one without mistakes, with what it has of others filled in', () => {
    const kept = { document: JSON.stringify(server({ http: 'https://tracker.example/mcp' })) };
    const judged = judge('resource', server({ kind: 'http' }), origins, [undefined, kept]);
    assert.ok(judged.ok, JSON.stringify(judged));
    assert.match(judged.value.document, /https:\/\/tracker\.example\/mcp/);
    assert.deepEqual(judged.value.loosened, []);
  });

  test('an upstream that stands for none is told so, and not as one of an unknown form', () => {
    const judged = judge('resource', server({ kind: 'http' }), origins);
    assert.ok(!judged.ok && judged.refusal === 'draft_mistaken');
    assert.deepEqual(
      judged.errors?.map(({ at }) => at),
      ['servers.tracker.upstream'],
    );
    assert.match(judged.errors?.[0]?.problem ?? '', /^stands for the upstream that this server has, and it has none/);
  });

  test('what only shows in this installation is told with the way out', () => {
    const itself = {
      trust: { [origins.ras]: { keys: 'discovery', accounts: 'known', clients: ['a'] } },
      clients: { a: {} },
    };
    const judged = judge('resource', itself, origins);
    assert.ok(!judged.ok);
    assert.match(judged.errors?.[0]?.problem ?? '', /IDP-34.*two origins/);
  });

  test('a fault of the program is no mistake of the document', () => {
    const faulty = {
      ...origins,
      get ras(): string {
        throw new RangeError('broken');
      },
    };
    assert.throws(() => judge('resource', {}, faulty), RangeError);
  });
});
