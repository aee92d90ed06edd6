import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EgressRefused } from '../../egress.ts';
import { deliver, type PostInit } from './deliver.ts';

describe('RFC 8935 §2: what an answer to a SET means', () => {
  const network = (code: string) => Object.assign(new Error('secret words'), { code });
  const table: [name: string, answer: Response | Error | string, outcome: string][] = [
    ['202', new Response(null, { status: 202 }), 'accepted'],
    ['200', new Response('<html>', { status: 200 }), 'accepted'],
    ['204', new Response(null, { status: 204 }), 'accepted'],
    [
      'a code of §2.4',
      Response.json({ err: 'invalid_audience', description: 'no' }, { status: 400 }),
      'refused invalid_audience',
    ],
    ['malformed', Response.json({ err: 'invalid_request' }, { status: 400 }), 'refused invalid_request'],
    ['a code of their own', Response.json({ err: '<script>' }, { status: 400 }), 'refused status 400'],
    ['400 that is no JSON', new Response('{{', { status: 400 }), 'refused status 400'],
    ['401', new Response(null, { status: 401 }), 'refused status 401'],
    ['403', new Response(null, { status: 403 }), 'refused status 403'],
    ['a redirect', new Response(null, { status: 307, headers: { location: '/x' } }), 'away status 307'],
    ['404', new Response(null, { status: 404 }), 'away status 404'],
    ['429', new Response(null, { status: 429 }), 'away status 429'],
    ['503', new Response(null, { status: 503 }), 'away status 503'],
    ['no connection', network('ECONNREFUSED'), 'away ECONNREFUSED'],
    ['no connection, told by its cause', new Error('x', { cause: network('ENOTFOUND') }), 'away ENOTFOUND'],
    ['a code that is none', network('a b'), 'away Error'],
    ['something thrown that is no error', 'words', 'away no answer'],
    ['an address that is not for us', new EgressRefused('10.0.0.1 is a special-use address'), 'away EgressRefused'],
  ];
  for (const [name, answer, outcome] of table) {
    test(`${name}: ${outcome}`, async () => {
      const asked: PostInit[] = [];
      const post = async (_: string, init: PostInit) => {
        asked.push(init);
        if (!(answer instanceof Response)) throw answer;
        return answer;
      };
      const delivery = await deliver('https://ras.example/events', 'a.b.c', { post, bearer: undefined });
      assert.equal('why' in delivery ? `${delivery.outcome} ${delivery.why}` : delivery.outcome, outcome);
      const headers = { 'content-type': 'application/secevent+jwt', accept: 'application/json' };
      assert.deepEqual(asked, [{ method: 'POST', headers, body: 'a.b.c' }]);
    });
  }
});
