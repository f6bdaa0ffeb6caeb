import assert from 'node:assert/strict';
import test from 'node:test';

import { Visitor } from '../../static/js/page/visitor.js';
import { FakeClock } from './fakes.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));

function passedRound() {
  const clock = new FakeClock();
  const seen = { seconds: null, home: 0, hungUp: 0 };
  const network = { isThere: true, asked: 0 };
  const visitor = new Visitor(
    {
      onSeconds: (seconds) => (seen.seconds = seconds),
      onWalkedOff: () => (seen.hungUp += 1),
      isHomeThere: async () => {
        network.asked += 1;
        return network.isThere;
      },
      goHome: () => (seen.home += 1),
    },
    clock,
  );
  const pass = async (seconds) => {
    for (let second = 0; second < seconds; second += 1) {
      clock.pass(1_000);
      await settled();
    }
  };
  return { visitor, pass, seen, network };
}

test('after a call the screen counts down to the next visitor, once', async () => {
  const { visitor, pass, seen } = passedRound();
  for (const state of ['asking-mic', 'connecting', 'connected', 'ended']) visitor.moved(state);
  assert.equal(seen.seconds, 30);
  await pass(29);
  assert.deepEqual([seen.seconds, seen.home], [1, 0]);
  await pass(60);
  assert.deepEqual([seen.seconds, seen.home], [0, 1]);
});

test('a failed call does not stay on the screen either', async () => {
  const { visitor, pass, seen } = passedRound();
  visitor.moved('failed');
  await pass(30);
  assert.equal(seen.home, 1);
});

test('a touch starts the countdown anew', async () => {
  const { visitor, pass, seen } = passedRound();
  visitor.moved('ended');
  await pass(29);
  visitor.isThere();
  await pass(29);
  assert.deepEqual([seen.seconds, seen.home], [1, 0]);
});

test('without a sign of life before a call the screen goes back after a minute', async () => {
  const { pass, seen } = passedRound();
  await pass(59);
  assert.deepEqual([seen.seconds, seen.home], [null, 0]);
  await pass(1);
  assert.equal(seen.home, 1);
});

test('a call without a sign of life is ended after two minutes, and talking is one', async () => {
  const { visitor, pass, seen } = passedRound();
  for (const state of ['asking-mic', 'connecting', 'connected']) visitor.moved(state);
  await pass(119);
  visitor.isThere();
  await pass(119);
  assert.deepEqual(seen, { seconds: null, home: 0, hungUp: 0 });
  await pass(1);
  assert.equal(seen.hungUp, 1);
});

test('without a network the screen stays, and goes back when there is one', async () => {
  const { visitor, pass, seen, network } = passedRound();
  network.isThere = false;
  visitor.moved('failed');
  await pass(50);
  assert.equal(seen.home, 0);
  network.isThere = true;
  await pass(5);
  assert.equal(seen.home, 1);
});

test('asking for the next visitor without a network does not make it ask more often', async () => {
  const { visitor, pass, seen, network } = passedRound();
  network.isThere = false;
  visitor.moved('ended');
  visitor.leave();
  await settled();
  const asked = network.asked;
  await pass(60);
  assert.equal(network.asked - asked, 12);
  assert.equal(seen.home, 0);
});

test('a visitor who begins to talk meanwhile keeps the screen', async () => {
  const { visitor, seen } = passedRound();
  visitor.moved('ended');
  visitor.leave();
  visitor.moved('asking-mic');
  await settled();
  assert.equal(seen.home, 0);
});
