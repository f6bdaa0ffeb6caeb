import assert from 'node:assert/strict';
import test from 'node:test';

import { percentile } from '../../static/js/lib/percentile.js';

test('a percentile is the nearest of the values', () => {
  assert.equal(percentile([30, 10, 20], 0.5), 20);
  assert.equal(percentile([40, 10, 20, 30], 0.5), 20);
  assert.equal(percentile([7], 0.95), 7);
});
