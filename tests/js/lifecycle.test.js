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

test('another kind of network is a hint, an estimate of the same one is not', () => {
  const { connection, seen } = watching('wifi');
  connection.dispatchEvent(new Event('change'));
  assert.deepEqual(seen, []);
  connection.type = 'cellular';
  connection.dispatchEvent(new Event('change'));
  assert.deepEqual(seen, ['network_changed']);
});

test('where the kind is not named any change is a hint, now and then', () => {
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

test('a page in the background says so, and a thawed one asks for its path', () => {
  const { window, seen } = watching();
  window.document.visibilityState = 'hidden';
  window.document.dispatchEvent(new Event('visibilitychange'));
  window.document.dispatchEvent(new Event('resume'));
  assert.deepEqual(seen, ['hidden', 'page_frozen']);
});

test('out of the back/forward cache everything is new', () => {
  const { window, seen } = watching();
  window.dispatchEvent(new Event('pagehide'));
  window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: false }));
  window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  assert.deepEqual(seen, ['leave', 'restored']);
});
