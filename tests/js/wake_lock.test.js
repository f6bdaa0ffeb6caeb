import assert from 'node:assert/strict';
import test from 'node:test';

import { ScreenWakeLock } from '../../static/js/lib/wake_lock.js';

function locking() {
  const seen = { locks: [], isVisible: true };
  const locks = {
    request: async () => {
      const lock = {
        released: false,
        release: async () => {
          lock.released = true;
        },
      };
      seen.locks.push(lock);
      return lock;
    },
  };
  return { seen, locks, wakeLock: new ScreenWakeLock(locks, () => seen.isVisible) };
}

test('the lock is asked for once, and given back', async () => {
  const { seen, wakeLock } = locking();
  await wakeLock.request();
  await wakeLock.request();
  assert.equal(seen.locks.length, 1);
  await wakeLock.release();
  assert.ok(seen.locks[0].released);
});

test('a lock that the browser took away is asked for again, while the page is in front', async () => {
  const { seen, wakeLock } = locking();
  await wakeLock.request();
  seen.locks[0].released = true;
  seen.isVisible = false;
  await wakeLock.request();
  assert.equal(seen.locks.length, 1);
  seen.isVisible = true;
  await wakeLock.request();
  assert.equal(seen.locks.length, 2);
});

test('a browser without wake locks, or that refuses, does no harm', async () => {
  await new ScreenWakeLock(undefined, () => true).request();
  const { locks, wakeLock } = locking();
  locks.request = async () => {
    throw new Error('NotAllowedError');
  };
  await wakeLock.request();
  await wakeLock.release();
});
