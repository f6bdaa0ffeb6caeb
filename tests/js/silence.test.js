import assert from 'node:assert/strict';
import test from 'node:test';

import { SILENCE_MS } from '../../static/js/generated/shared.js';
import { LOOK_MS, SilenceDetector } from '../../static/js/link/silence.js';
import { FakeClock, settle } from './fakes.js';

/** A receiver whose packets arrive and are played at times that the test sets. */
class Receiver {
  playedAt = 0;
  arrivedAt = 0;
  reports = 0;

  getSynchronizationSources() {
    return this.playedAt ? [{ timestamp: this.playedAt }] : [];
  }

  async getStats() {
    this.reports += 1;
    return new Map([['i', { type: 'inbound-rtp', lastPacketReceivedTimestamp: this.arrivedAt }]]);
  }
}

function listen() {
  const clock = new FakeClock();
  const receiver = new Receiver();
  const events = [];
  const detector = new SilenceDetector(
    receiver,
    {
      onSilence: (ms) => events.push(['silence', ms]),
      onSound: (ms) => events.push(['sound', ms]),
      onWake: (ms) => events.push(['wake', ms]),
    },
    clock,
  );
  /** Lets time pass while packets do, or do not, arrive and get played. */
  const pass = async (ms, { arriving = true, played = arriving } = {}) => {
    for (let passed = 0; passed < ms; passed += 20) {
      clock.pass(20);
      if (arriving) receiver.arrivedAt = clock.now();
      if (played) receiver.playedAt = clock.now();
      await settle();
    }
  };
  return { clock, receiver, events, detector, pass };
}

test('while packets arrive nothing is reported, and no statistics are read', async () => {
  const { events, receiver, pass } = listen();
  await pass(5_000);
  assert.deepEqual(events, []);
  assert.equal(receiver.reports, 0);
});

test('a silence is reported, and so is its end', async () => {
  const { events, pass } = listen();
  await pass(1_000);
  await pass(700, { arriving: false });
  assert.equal(events[0][0], 'silence');
  assert.ok(events[0][1] >= SILENCE_MS && events[0][1] <= SILENCE_MS + LOOK_MS);
  await pass(500);
  assert.deepEqual(
    events.map(([name]) => name),
    ['silence', 'sound'],
  );
  assert.ok(events[1][1] >= 700);
});

test('a pause too short for a silence makes the path unsteady for a second', async () => {
  const { events, detector, pass } = listen();
  await pass(1_000);
  assert.ok(!detector.isUnsteady);
  await pass(220, { arriving: false });
  assert.ok(detector.isUnsteady);
  await pass(1_100);
  assert.ok(!detector.isUnsteady);
  assert.deepEqual(events, []);
});

test('packets that arrive but are not played are no silence', async () => {
  const { events, pass } = listen();
  await pass(1_000);
  await pass(3_000, { arriving: true, played: false });
  assert.deepEqual(events, []);
});

test('a page that was held up itself reports no silence', async () => {
  const { clock, events, pass, receiver } = listen();
  await pass(1_000);
  // The clock jumps: timers are late, and what arrived meanwhile is played only now.
  for (const timer of clock.timers.values()) timer.at += 900;
  clock.pass(900);
  receiver.playedAt = receiver.arrivedAt = clock.now();
  await pass(500);
  assert.deepEqual(events, []);
});

test('a page that was frozen reports it when it wakes', async () => {
  const { clock, events, pass } = listen();
  await pass(1_000);
  for (const timer of clock.timers.values()) timer.at += 30_000;
  clock.pass(30_000 + LOOK_MS);
  assert.equal(events[0][0], 'wake');
});

test('a stopped detector does nothing', async () => {
  const { clock, detector, events, pass } = listen();
  detector.stop();
  await pass(2_000, { arriving: false });
  assert.deepEqual(events, []);
  assert.equal(clock.timers.size, 0);
});
