import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportState } from './export-state.ts';

test('an export is failing, left alone, behind, or up to date', () => {
  const failing = { why: 'status 503', since: '2026-11-26T08:00:00.000Z' };
  assert.equal(exportState({ failing, holder: 'node', lagSeconds: 0 }), 'failing');
  assert.equal(exportState({ failing: null, holder: null, lagSeconds: 500 }), 'idle');
  assert.equal(exportState({ failing: null, holder: 'node', lagSeconds: 61 }), 'behind');
  assert.equal(exportState({ failing: null, holder: 'node', lagSeconds: 60 }), 'current');
});
