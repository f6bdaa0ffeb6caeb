import assert from 'node:assert/strict';
import { test } from 'node:test';

import { turnLine } from '../../static/js/call/turns.js';

test('the last wait, and the median and the 95th percentile of all', () => {
  const waits = Array.from({ length: 20 }, (_, n) => 100 * (20 - n));
  assert.equal(turnLine(waits.slice(10)), '100 ms (p50 500, p95 1000; budget 1400 ms)');
});

test('answers over the budget are counted', () => {
  assert.equal(turnLine([1500, 900]), '900 ms (p50 900, p95 1500; 1 of 2 over the budget of 1400 ms)');
});
