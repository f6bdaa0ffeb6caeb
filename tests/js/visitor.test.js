import assert from 'node:assert/strict';
import test from 'node:test';

import { Visitor } from '../../static/js/visitor.js';
import { FakeClock } from './fakes.js';

function passedRound() {
  const clock = new FakeClock();
  const seen = { seconds: null, gone: 0 };
  const visitor = new Visitor(
    { onSeconds: (seconds) => (seen.seconds = seconds), onGone: () => (seen.gone += 1) },
    clock,
  );
  return { visitor, clock, seen };
}

test('after a call it counts down, and is ready for the next visitor once', () => {
  const { visitor, clock, seen } = passedRound();
  for (const state of ['asking-mic', 'connecting', 'connected', 'ended']) visitor.moved(state);
  assert.equal(seen.seconds, 15);
  clock.pass(14_000);
  assert.deepEqual(seen, { seconds: 1, gone: 0 });
  clock.pass(60_000);
  assert.deepEqual(seen, { seconds: 0, gone: 1 });
});

test('a call that failed is not left on the screen either', () => {
  const { visitor, clock, seen } = passedRound();
  visitor.moved('failed');
  clock.pass(15_000);
  assert.equal(seen.gone, 1);
});

test('who touches it is still there', () => {
  const { visitor, clock, seen } = passedRound();
  visitor.moved('ended');
  clock.pass(14_000);
  visitor.touched();
  clock.pass(14_000);
  assert.deepEqual(seen, { seconds: 1, gone: 0 });
});

test('nobody is sent away while talking, or reconnecting', () => {
  const { visitor, clock, seen } = passedRound();
  for (const state of ['asking-mic', 'connecting', 'connected', 'recovering']) {
    visitor.moved(state);
    clock.pass(600_000);
  }
  assert.deepEqual(seen, { seconds: null, gone: 0 });
});

test('whoever walks away before the call is not waited for long', () => {
  const { clock, seen } = passedRound();
  clock.pass(59_000);
  assert.deepEqual(seen, { seconds: null, gone: 0 });
  clock.pass(1_000);
  assert.equal(seen.gone, 1);
});
