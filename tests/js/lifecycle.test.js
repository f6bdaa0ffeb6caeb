import assert from 'node:assert/strict';
import test from 'node:test';

import { watchLifecycle } from '../../static/js/page/lifecycle.js';
import { FakeClock } from './fakes.js';

function watching(type) {
  const window = new EventTarget();
  window.document = new EventTarget();
  window.document.visibilityState = 'visible';
  const connection = new EventTarget();
  connection.type = type;
  window.navigator = { connection };
  const clock = new FakeClock();
  const seen = [];
  watchLifecycle(
    window,
    {
      onHint: (reason) => seen.push(reason),
      onVisibility: (hidden) => seen.push(hidden ? 'hidden' : 'visible'),
      onLeave: () => seen.push('leave'),
      onRestored: () => seen.push('restored'),
    },
    clock,
  );
  return { window, connection, clock, seen };
}

test('a change of the kind of network is a hint, and a new estimate is not', () => {
  const { connection, seen } = watching('wifi');
  connection.dispatchEvent(new Event('change'));
  assert.deepEqual(seen, []);
  connection.type = 'cellular';
  connection.dispatchEvent(new Event('change'));
  assert.deepEqual(seen, ['network_changed']);
});

test('if the kind is not named, any change is a hint, but not too often', () => {
  const { connection, clock, seen } = watching(undefined);
  connection.dispatchEvent(new Event('change'));
  connection.dispatchEvent(new Event('change'));
  clock.pass(11_000);
  connection.dispatchEvent(new Event('change'));
  assert.deepEqual(seen, ['network_changed', 'network_changed']);
});

test('being online again is a hint', () => {
  const { window, seen } = watching();
  window.dispatchEvent(new Event('online'));
  assert.deepEqual(seen, ['network_changed']);
});

test('a page reports that it is hidden, and a thawed one gives a hint', () => {
  const { window, seen } = watching();
  window.document.visibilityState = 'hidden';
  window.document.dispatchEvent(new Event('visibilitychange'));
  window.document.dispatchEvent(new Event('resume'));
  assert.deepEqual(seen, ['hidden', 'page_frozen']);
});

test('leaving and coming back out of the back/forward cache are reported', () => {
  const { window, seen } = watching();
  window.dispatchEvent(new Event('pagehide'));
  window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: false }));
  window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  assert.deepEqual(seen, ['leave', 'restored']);
});
