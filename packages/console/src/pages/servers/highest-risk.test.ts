import assert from 'node:assert/strict';
import { test } from 'node:test';
import { highestRisk } from './highest-risk.ts';

test('the highest risk is that of the worst scope, wherever it stands', () => {
  const of = (...risks: ('low' | 'medium' | 'high')[]) => highestRisk(risks.map((risk) => ({ risk })));
  assert.deepEqual([of('low'), of('high', 'low'), of('low', 'medium')], ['low', 'high', 'medium']);
  assert.equal(of(), undefined);
});
