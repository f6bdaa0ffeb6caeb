import assert from 'node:assert/strict';
import test from 'node:test';

import { UNKNOWN, isDegraded, take } from '../../static/js/quality.js';

/** Whether it was degraded after each window of `[received, lost]`. */
function judged(windows, rttMs = 20) {
  let quality = take(UNKNOWN, { packetsReceived: 0, packetsLost: 0, rttMs: 20 });
  let [packetsReceived, packetsLost] = [0, 0];
  return windows.map(([received, lost]) => {
    packetsReceived += received;
    packetsLost += lost;
    quality = take(quality, { packetsReceived, packetsLost, rttMs });
    return isDegraded(quality);
  });
}

const times = (count, window) => Array.from({ length: count }, () => window);

test('a clean path is none to leave', () => {
  assert.ok(!judged(times(40, [12, 0])).includes(true));
});

test('ten per cent loss is radio, not a portal', () => {
  assert.ok(!judged(times(40, [11, 1])).includes(true));
});

test('a fifth lost for three seconds is too much', () => {
  const seen = judged(times(14, [10, 3]));
  assert.ok(seen.at(-1));
  assert.equal(seen.indexOf(true), 11);
});

test('more than half lost three times on end is enough', () => {
  const seen = judged([[12, 0], [3, 9], [3, 9], [3, 9]]);
  assert.deepEqual(seen, [false, false, false, true]);
});

test('a window in which nothing came at all ends no bad spell', () => {
  const seen = judged([[12, 0], [2, 10], [1, 0], [0, 0], [2, 30], [1, 11]]);
  assert.deepEqual(seen, [false, false, false, false, false, true]);
});

test('an outage that is over shows as one bad window, and is none of this', () => {
  assert.ok(!judged([[12, 0], [0, 0], [0, 0], [6, 31], ...times(12, [12, 0])]).includes(true));
});

test('a path on which nothing at all comes is silent, not degraded', () => {
  assert.ok(!judged([[12, 0], ...times(20, [0, 0])]).includes(true));
});

test('a round trip four times its best for three seconds is too much', () => {
  assert.ok(judged(times(13, [12, 0]), 900).at(-1));
  assert.ok(!judged(times(13, [12, 0]), 300).at(-1));
});
