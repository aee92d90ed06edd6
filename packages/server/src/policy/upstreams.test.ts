import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withoutUpstream, withoutUpstreams, withUpstreams } from './upstreams.ts';

// What the admin API makes of it: spec/admin-upstreams.test.ts.

describe('a document as it is told', () => {
  test('has of an upstream its kind and nothing else, whatever else it is', () => {
    const servers = {
      a: { upstream: { stdio: ['x', 's3cret'] }, scopes: {} },
      b: { upstream: { http: 'https://s3cret.example' } },
      c: { upstream: 's3cret' },
      d: { scopes: { r: {} } },
      e: 7,
    };
    const told = withoutUpstreams({ servers, second_person: 'required' });
    assert.deepEqual(told, {
      servers: {
        a: { upstream: { kind: 'stdio' }, scopes: {} },
        b: { upstream: { kind: 'http' } },
        c: { upstream: { kind: 'stdio' } },
        d: { scopes: { r: {} } },
        e: 7,
      },
      second_person: 'required',
    });
  });

  test('without servers, and entries that are none, stay as they are', () => {
    for (const document of [{}, { servers: 7 }, { servers: [] }])
      assert.deepEqual(withoutUpstreams(document), document);
    for (const entry of [undefined, null, 'word', ['list'], {}]) assert.deepEqual(withoutUpstream(entry), entry);
  });
});

describe('the way back', () => {
  const old = { servers: { a: { upstream: { http: 'http://old' } }, b: { upstream: { stdio: ['b'] } } } };
  const draft = { servers: { a: { upstream: { http: 'http://draft' } }, c: {} } };
  const told = (kind: unknown) => ({ upstream: { kind } });

  test('is the nearest document in which this server has one', () => {
    const { document, mistakes } = withUpstreams({ servers: { a: told('http'), b: told('stdio') } }, [draft, old]);
    assert.deepEqual(mistakes, []);
    assert.deepEqual(document, { servers: { a: { upstream: { http: 'http://draft' } }, b: old.servers.b } });
  });

  test('is there for no other server, and for no other kind; each mistake has its place', () => {
    const servers = { c: told('stdio'), toString: told('stdio'), a: told('stdio'), b: told('tcp') };
    const { document, mistakes } = withUpstreams({ servers }, [draft, old]);
    assert.deepEqual(
      mistakes.map(({ at }) => at),
      ['servers.c.upstream', 'servers.toString.upstream', 'servers.a.upstream', 'servers.b.upstream'],
    );
    assert.match(mistakes[0]?.problem ?? '', /has none: write it out/);
    assert.match(mistakes[2]?.problem ?? '', /of another kind, http/);
    assert.deepEqual(document, { servers });
  });

  test('is taken by nothing that is not told so, to the letter', () => {
    const servers = { a: { upstream: { kind: 'http', env: {} } }, b: { upstream: {} }, c: { upstream: null }, d: 7 };
    for (const document of [{ servers }, { servers: [told('http')] }, {}, [], null, 'text']) {
      assert.deepEqual(withUpstreams(document, [old]), { document, mistakes: [] });
    }
    const odd = [{ servers: 7 }, { servers: { a: 7 } }, { servers: { a: { upstream: undefined } } }];
    assert.equal(withUpstreams({ servers: { a: told('http') } }, odd).mistakes.length, 1);
  });
});
