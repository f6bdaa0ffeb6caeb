import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CallQuality, verdictLine } from '../../static/js/call/verdict.js';

/**
 * @param {number[]} rtts
 * @param {{lost?: number, outages?: number[]}} [trouble]
 */
function call(rtts, { lost = 0, outages = [] } = {}) {
  const quality = new CallQuality();
  rtts.forEach((rttMs) => quality.add(/** @type {any} */ ({ rttMs, packetsReceived: 1000 - lost, packetsLost: lost })));
  let now = 0;
  quality.moved('connected', now);
  for (const ms of outages) {
    quality.moved('recovering', (now += 5000));
    quality.moved('connected', (now += ms));
  }
  return quality.verdict();
}

/** @param {ReturnType<typeof call>} verdict */
const grade = (verdict) => verdict?.grade;

test('a call without trouble is excellent', () => {
  const verdict = call([30, 38, 400]);
  assert.deepEqual(verdict, { grade: 'excellent', rttMs: 38, lossPercent: 0, interruptions: 0 });
  assert.equal(
    verdictLine(/** @type {any} */ (verdict), 'cellular'),
    'Excellent: 38 ms, no interruptions, over your mobile network.',
  );
});

test('delay, loss and interruptions each cost a grade', () => {
  assert.equal(grade(call([200])), 'good');
  assert.equal(grade(call([30], { lost: 25 })), 'good');
  assert.equal(grade(call([30], { outages: [2000] })), 'good');
  assert.equal(grade(call([400])), 'fair');
  assert.equal(grade(call([30], { outages: [2000, 2000, 2000, 2000] })), 'poor');
});

test('an outage too short to notice is no interruption', () => {
  assert.equal(call([30], { outages: [500, 599] })?.interruptions, 0);
});

test('loss is named if it was audible', () => {
  const verdict = /** @type {any} */ (call([210], { lost: 100, outages: [900] }));
  assert.equal(verdictLine(verdict, undefined), 'Fair: 210 ms, 10% lost, one interruption.');
});

test('losses on an earlier peer connection of the call are counted', () => {
  const quality = new CallQuality();
  const add = (/** @type {number} */ packetsReceived, /** @type {number} */ packetsLost) =>
    quality.add(/** @type {any} */ ({ rttMs: 30, packetsReceived, packetsLost }));
  add(800, 200);
  add(100, 0);
  add(200, 0);
  assert.equal(quality.verdict()?.lossPercent, 16.7);
});

test('numbers are written in the person’s language', () => {
  const verdict = /** @type {any} */ ({ grade: 'good', rttMs: 40, lossPercent: 2.5, interruptions: 0 });
  assert.match(verdictLine(verdict, undefined, 'de'), /2,5%/);
});

test('a call in which nothing was received gets no grade', () => {
  assert.equal(new CallQuality().verdict(), null);
});
