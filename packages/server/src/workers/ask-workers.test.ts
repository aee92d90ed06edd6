import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { mergeSnapshots, type Snapshot } from '../metrics/meter.ts';
import { createWorkerCounts } from './ask-workers.ts';

const faults = (count: number): Snapshot => ({ credence_faults_total: [[[], count]] });
const sum = (snapshots: readonly Snapshot[]) => mergeSnapshots(snapshots).credence_faults_total?.[0]?.[1];

describe('what workers have counted', () => {
  test('is what all of them say', async () => {
    const counts = createWorkerCounts<string>((worker, question) =>
      counts.take(worker, question, faults(worker.length)),
    );
    assert.equal(sum(await counts.ask(['a', 'bb'])), 3);
    assert.equal(sum(await counts.ask([])), 3);
  });

  test('a worker that ends takes nothing away, and nobody waits for it', async () => {
    const counts = createWorkerCounts<string>((worker, question) => {
      if (worker === 'a') counts.take(worker, question, faults(5));
      else counts.end(worker);
    });
    assert.equal(sum(await counts.ask(['a', 'b'])), 5);
    counts.end('a');
    assert.equal(sum(await counts.ask([])), 5);
  });

  test('one that does not answer in time counts as it last said', async () => {
    let isSilent = false;
    const counts = createWorkerCounts<string>((worker, question) => {
      if (!isSilent) counts.take(worker, question, faults(4));
    });
    await counts.ask(['a']);
    isSilent = true;
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const asked = counts.ask(['a']);
      mock.timers.tick(1000);
      assert.equal(sum(await asked), 4);
    } finally {
      mock.timers.reset();
    }
  });
});
