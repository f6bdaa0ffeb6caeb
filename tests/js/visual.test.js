import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FrameThrottle } from '../../static/js/page/frame_throttle.js';
import { BANDS, follow, outline } from '../../static/js/page/visual.js';

const loud = new Uint8Array(256).fill(255);
const silent = new Uint8Array(256);

test('a ring rises at once and falls gently', () => {
  const shown = new Float32Array(BANDS);
  assert.equal(follow(shown, loud, 16), 1);
  const next = follow(shown, silent, 16);
  assert.ok(next > 0.9 && next < 1);
  for (let picture = 0; picture < 20; picture += 1) follow(shown, silent, 16);
  assert.equal(follow(shown, silent, 16), 0);
});

test('a ring falls equally fast on every screen', () => {
  const [slow, fast] = [new Float32Array(BANDS), new Float32Array(BANDS)];
  for (const shown of [slow, fast]) follow(shown, loud, 16);
  for (let picture = 0; picture < 6; picture += 1) follow(slow, silent, 1000 / 60);
  for (let picture = 0; picture < 12; picture += 1) follow(fast, silent, 1000 / 120);
  assert.ok(Math.abs(slow[0] - fast[0]) < 0.001);
});

test('a low voice moves the top of the ring, and hiss above a voice moves nothing', () => {
  const low = new Uint8Array(256);
  low.fill(255, 0, 3);
  const shown = new Float32Array(BANDS);
  follow(shown, low, 16);
  assert.ok(shown[0] > 0.9);
  assert.equal(shown[BANDS - 1], 0);
  const hiss = new Uint8Array(256);
  hiss.fill(255, 128);
  assert.equal(follow(new Float32Array(BANDS), hiss, 16), 0);
});

test('the outline is the same on both sides, and stays inside the picture', () => {
  const bands = Float32Array.from({ length: BANDS }, (_, band) => band / BANDS);
  const radii = outline({ bands, color: '', radius: 0.62, opacity: 1 });
  assert.equal(radii.length, 4 * BANDS);
  assert.deepEqual(radii, [...radii].reverse());
  assert.ok(Math.max(...outline({ bands: new Float32Array(BANDS).fill(1), color: '', radius: 0.62, opacity: 1 })) < 1);
});

/**
 * @param {Pace} pace
 * @param {number} from
 * @param {number} gap
 * @param {number} count
 */
function drawn(pace, from, gap, count) {
  return drawnAt(
    pace,
    Array.from({ length: count }, (_, frame) => from + (frame + 1) * gap),
  );
}

/**
 * @param {Pace} pace
 * @param {number[]} times of its frames
 */
function drawnAt(pace, times) {
  return times.filter((now) => pace.isDue(now)).length;
}

test('every frame is drawn while they come in time', () => {
  assert.equal(drawn(new FrameThrottle(), 0, 1000 / 60, 120), 120);
});

test('a machine that is late draws less often, until it has caught up', () => {
  const pace = new FrameThrottle();
  drawn(pace, 0, 1000 / 60, 60);
  assert.ok(drawn(pace, 1000, 40, 50) < 15);
  assert.ok(drawn(pace, 3000, 1000 / 60, 60) < 10);
  drawn(pace, 4000, 1000 / 60, 480);
  assert.equal(drawn(pace, 12_000, 1000 / 60, 60), 60);
});

test('a phone that saves power, at thirty frames a second, draws each of them', () => {
  const pace = new FrameThrottle();
  assert.equal(drawn(pace, 0, 1000 / 30, 60), 60);
  const turned = new FrameThrottle();
  drawn(turned, 0, 1000 / 60, 600);
  drawn(turned, 10_000, 1000 / 30, 900);
  assert.equal(drawn(turned, 40_000, 1000 / 30, 60), 60);
});

test('jitter of the clock is not lateness', () => {
  let seed = 1;
  const times = Array.from({ length: 1200 }, (_, frame) => {
    seed = (seed * 16_807) % 2_147_483_647;
    return (1000 / 60) * (frame + 1) + 6 * (seed / 2_147_483_647) - 3;
  });
  assert.equal(drawnAt(new FrameThrottle(), times), 1200);
});

test('a screen that was fast for a moment is not slow afterwards', () => {
  const pace = new FrameThrottle();
  drawn(pace, 0, 1000 / 120, 120);
  assert.equal(drawn(pace, 1_000, 1000 / 60, 60), 60);
});

test('a machine that is late now and then draws every frame', () => {
  let now = 0;
  const times = Array.from({ length: 600 }, (_, frame) => (now += (frame + 1) % 20 ? 1000 / 60 : 40));
  assert.equal(drawnAt(new FrameThrottle(), times), 600);
});

test('one late frame costs little', () => {
  const pace = new FrameThrottle();
  drawn(pace, 0, 1000 / 60, 60);
  pace.isDue(1100);
  assert.ok(drawn(pace, 1100, 1000 / 60, 60) >= 29);
});
