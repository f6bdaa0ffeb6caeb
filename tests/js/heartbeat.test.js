import assert from 'node:assert/strict';
import test from 'node:test';

import { Heartbeat } from '../../static/js/link/heartbeat.js';
import { FakeChannel, FakeClock } from './fakes.js';

function beat() {
  const channel = new FakeChannel();
  const clock = new FakeClock();
  const seen = { roundTrips: [], deaths: 0 };
  const heartbeat = new Heartbeat(
    channel,
    { intervalS: 20, livenessS: 40 },
    {
      onRoundTrip: (ms) => seen.roundTrips.push(ms),
      onDead: () => {
        seen.deaths += 1;
      },
    },
    clock,
  );
  const hear = (message) => channel.onmessage({ data: JSON.stringify(message) });
  return { channel, clock, seen, heartbeat, hear };
}

test('it pings on opening and every interval', () => {
  const { channel, clock } = beat();
  clock.pass(40_000);
  assert.deepEqual(
    channel.sent.map(({ type, id }) => [type, id]),
    [1, 2, 3].map((id) => ['pipecat.ping', id]),
  );
});

test('while the path is down nothing is written, and a ping follows as soon as it is back', () => {
  const { channel, clock, hear, heartbeat } = beat();
  heartbeat.hold();
  hear({ type: 'pipecat.ping', id: 9, ts: 77 });
  clock.pass(30_000);
  assert.equal(channel.sent.length, 1);
  heartbeat.release();
  assert.equal(channel.sent.length, 2);
  heartbeat.release();
  clock.pass(19_000);
  assert.equal(channel.sent.length, 2);
  clock.pass(1_000);
  assert.equal(channel.sent.length, 3);
});

test('a ping from the bot is answered with its id and time', () => {
  const { channel, hear } = beat();
  hear({ type: 'pipecat.ping', id: 9, ts: 77 });
  assert.deepEqual(channel.sent.at(-1), { type: 'pipecat.pong', id: 9, ts: 77 });
});

test('a pong gives the round trip', () => {
  const { channel, clock, seen, hear } = beat();
  clock.pass(35);
  hear({ type: 'pipecat.pong', id: 1, ts: channel.sent[0].ts });
  assert.deepEqual(seen.roundTrips, [35]);
});

test('forty seconds without a sign of life are reported, and each further forty', () => {
  const { clock, seen } = beat();
  clock.pass(39_999);
  assert.equal(seen.deaths, 0);
  clock.pass(1);
  assert.equal(seen.deaths, 1);
  clock.pass(40_000);
  assert.equal(seen.deaths, 2);
});

test('a ping and a pong are both signs of life', () => {
  const { clock, seen, hear } = beat();
  for (const type of ['pipecat.ping', 'pipecat.pong', 'pipecat.ping']) {
    clock.pass(39_000);
    hear({ type, id: 1, ts: 0 });
  }
  assert.equal(seen.deaths, 0);
});

test('a stopped heartbeat neither pings nor reports', () => {
  const { channel, clock, seen, heartbeat } = beat();
  heartbeat.stop();
  clock.pass(100_000);
  assert.equal(channel.sent.length, 1);
  assert.equal(seen.deaths, 0);
});
