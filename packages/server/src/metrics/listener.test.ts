import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, describe, test } from 'node:test';
import { Problem } from '../problem.ts';
import { freePort } from '../store/contract/free-ports.ts';
import { listenForMetrics } from './listener.ts';

const port = await freePort();
const faults: unknown[] = [];
let text: () => Promise<string> = async () => 'credence_faults_total 0\n';
const listener = await listenForMetrics({
  host: '127.0.0.1',
  port,
  text: () => text(),
  onFault: (fault) => faults.push(fault),
});
after(() => listener.close());

function ask(path: string, { method = 'GET', host = `localhost:${port}` } = {}): Promise<[number, string, string]> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers: { host }, agent: false }, (incoming) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      incoming.on('end', () => resolve([incoming.statusCode ?? 0, body, incoming.headers['content-type'] ?? '']));
    });
    sent.on('error', reject).end();
  });
}

describe('the listener of metrics', () => {
  test('has one path', async () => {
    assert.deepEqual(await ask('/metrics'), [
      200,
      'credence_faults_total 0\n',
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    assert.equal((await ask('/'))[0], 404);
    assert.equal((await ask('/metrics', { method: 'POST' }))[0], 405);
  });

  test('T38: on loopback it is told to nobody who names another Host, such as a page in a browser', async () => {
    assert.equal((await ask('/metrics', { host: 'evil.example' }))[0], 421);
    assert.equal((await ask('/metrics', { host: '127.0.0.1:1' }))[0], 200);
  });

  test('a fault is said without its words', async () => {
    text = async () => {
      throw new Error('a secret');
    };
    const [status, body] = await ask('/metrics');
    assert.equal(status, 500);
    assert.doesNotMatch(body, /secret/);
    assert.equal(faults.length, 1);
  });

  test('a port that is taken is a problem with a way out', async () => {
    const again = listenForMetrics({ host: '127.0.0.1', port, text, onFault: () => undefined });
    await assert.rejects(again, (error) => error instanceof Problem && /--metrics-port/.test(error.wayOut));
  });
});
