import assert from 'node:assert/strict';
import test from 'node:test';

import { Credentials, refreshAfter } from '../../static/js/link/credentials.js';
import { FakeClock } from './fakes.js';

const TURN = [{ urls: ['turn:t.example'], username: 'u', credential: 'c' }];

function refreshing() {
  const clock = new FakeClock();
  let asked = 0;
  const credentials = new Credentials(() => {
    asked += 1;
  }, clock);
  return { clock, credentials, asked: () => asked };
}

test('fresh credentials are asked for five minutes ahead, or in the last part of a short life', () => {
  assert.equal(refreshAfter(2_700), 40 * 60_000);
  assert.equal(refreshAfter(90), 54_000);
});

test('fresh credentials are asked for again until they come', () => {
  const { clock, credentials, asked } = refreshing();
  credentials.took({ iceServers: TURN, ttl: 90 });
  clock.pass(53_000);
  assert.equal(asked(), 0);
  clock.pass(31_500);
  assert.equal(asked(), 3);
  credentials.took({ iceServers: TURN, ttl: 90 });
  clock.pass(53_000);
  assert.equal(asked(), 3);
});

test('a slow provider’s credentials are asked for a moment later', () => {
  const { clock, credentials, asked } = refreshing();
  credentials.took({ iceServers: [], ttl: 90, partial: true });
  clock.pass(12_000);
  assert.equal(asked(), 1);
  credentials.took({ iceServers: TURN, ttl: 90, partial: false });
  clock.pass(50_000);
  assert.equal(asked(), 1);
});

test('credentials age from when they come, not from when a call uses them', () => {
  const { clock, credentials, asked } = refreshing();
  const at = clock.now();
  clock.pass(50_000);
  credentials.took({ iceServers: TURN, ttl: 90, at });
  clock.pass(4_500);
  assert.equal(asked(), 1);
});

test('a server without credentials does not expire', () => {
  const { clock, credentials } = refreshing();
  credentials.took({ iceServers: [{ urls: ['stun:s.example'] }], ttl: 90 });
  assert.equal(clock.timers.size, 0);
});
