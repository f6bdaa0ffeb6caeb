import assert from 'node:assert/strict';
import test from 'node:test';

import { UNKNOWN, WINDOW_MS, isDegraded, take } from '../../static/js/link/quality.js';

/** Whether it was degraded after each window of `[received, lost]`. */
function judged(windows, rttMs = 20, { windowsPerAnswer = 8 } = {}) {
  let quality = take(UNKNOWN, { at: 0, packetsReceived: 0, packetsLost: 0, rttMs: 20, answers: 1 });
  let [packetsReceived, packetsLost] = [0, 0];
  return windows.map(([received, lost], index) => {
    packetsReceived += received;
    packetsLost += lost;
    const at = (index + 1) * WINDOW_MS;
    const answers = 1 + Math.floor(index / windowsPerAnswer);
    quality = take(quality, { at, packetsReceived, packetsLost, rttMs, answers });
    return isDegraded(quality);
  });
}

const times = (count, window) => Array.from({ length: count }, () => window);

test('a path without losses is not degraded', () => {
  assert.ok(!judged(times(40, [12, 0])).includes(true));
});

test('ten per cent loss is radio, and not a captive portal', () => {
  assert.ok(!judged(times(40, [11, 1])).includes(true));
});

test('a fifth lost each way is still better than TCP on such a network', () => {
  assert.ok(!judged(times(40, [9, 5])).includes(true));
});

test('half the packets lost for three seconds is degraded', () => {
  const seen = judged(times(14, [6, 6]));
  assert.ok(seen.at(-1));
  assert.equal(seen.indexOf(true), 11);
});

test('packets missing from an echo count as lost in both directions', () => {
  const seen = judged([
    [12, 0],
    [3, 2],
    [4, 3],
    [3, 2],
  ]);
  assert.deepEqual(seen, [false, false, false, true]);
});

test('a bot that is late has lost nothing', () => {
  assert.ok(!judged([[12, 0], ...times(20, [4, 0])]).includes(true));
});

test('three quarters lost in three windows in a row is degraded', () => {
  const seen = judged([
    [12, 0],
    [3, 9],
    [3, 9],
    [3, 9],
  ]);
  assert.deepEqual(seen, [false, false, false, true]);
});

test('a window without any packet does not end a bad stretch', () => {
  const seen = judged([
    [12, 0],
    [2, 10],
    [1, 0],
    [0, 0],
    [2, 30],
    [1, 11],
  ]);
  assert.deepEqual(seen, [false, false, false, false, false, true]);
});

test('an outage that is over is one bad window, and not degraded', () => {
  assert.ok(!judged([[12, 0], [0, 0], [0, 0], [6, 31], ...times(12, [12, 0])]).includes(true));
});

test('a path without any packet is silent, and not degraded', () => {
  assert.ok(!judged([[12, 0], ...times(20, [0, 0])]).includes(true));
});

test('three round trips in a row of four times the best are degraded', () => {
  assert.deepEqual(judged(times(25, [12, 0]), 900).slice(-2), [false, true]);
  assert.ok(!judged(times(40, [12, 0]), 300).includes(true));
});

test('one slow answer counts once, however often it is sampled', () => {
  assert.ok(!judged(times(40, [12, 0]), 900, { windowsPerAnswer: 40 }).includes(true));
});

test('a round trip that is not reliable does not count as slow', () => {
  assert.ok(!judged(times(40, [12, 0]), null).includes(true));
});
