import assert from 'node:assert/strict';
import test from 'node:test';

import { IDLE, advance, isLive } from '../../static/js/call/call.js';

/** Runs events through the reducer, and returns the states passed through and all effects. */
function live(...events) {
  let call = IDLE;
  const states = [call.state];
  const effects = [];
  for (const event of events) {
    const next = advance(call, typeof event === 'string' ? { type: event } : event);
    if (next.call !== call) states.push(next.call.state);
    effects.push(...next.effects);
    call = next.call;
  }
  return { call, states, effects };
}

const UP = ['tap', 'microphone-ready', 'path-up'];

test('a call goes from a tap to its end', () => {
  const { states, effects, call } = live(...UP, 'hang-up');
  assert.deepEqual(states, ['idle', 'asking-mic', 'connecting', 'connected', 'ended']);
  assert.deepEqual(effects, ['ask-microphone', 'connect', 'say-bye', 'release']);
  assert.equal(call.reason, 'hangup');
});

test('a lost path is recovered from, and its reason stands only until then', () => {
  const down = live(...UP, { type: 'path-down', reason: 'path_lost' });
  assert.deepEqual(down.call, { state: 'recovering', reason: 'path_lost', renewed: false });
  const { call } = advance(down.call, { type: 'path-up' });
  assert.deepEqual(call, { state: 'connected', reason: '', renewed: false });
});

test('a second tap during a call changes nothing', () => {
  for (const taps of [1, 2, 3]) {
    const { effects } = live(...UP.slice(0, taps), 'tap');
    assert.equal(effects.filter((effect) => effect === 'ask-microphone').length, 1);
  }
});

test('a call that is too slow to connect fails with a reason and gives everything back', () => {
  const { call, effects } = live('tap', 'microphone-ready', {
    type: 'too-slow',
    reason: 'network_blocked',
  });
  assert.deepEqual(call, { state: 'failed', reason: 'network_blocked', renewed: false });
  assert.equal(effects.at(-1), 'release');
});

test('a connected call cannot be too slow', () => {
  assert.equal(live(...UP, { type: 'too-slow', reason: 'network_blocked' }).call.state, 'connected');
});

test('a friendly goodbye from the server ends the call, and any other one makes it fail', () => {
  assert.equal(live(...UP, { type: 'bye', reason: 'time_limit' }).call.state, 'ended');
  assert.equal(live(...UP, { type: 'bye', reason: 'call_lost' }).call.state, 'failed');
});

test('after a failure a tap begins again', () => {
  const { states } = live('tap', { type: 'failure', reason: 'mic_denied' }, 'tap');
  assert.deepEqual(states, ['idle', 'asking-mic', 'failed', 'asking-mic']);
});

test('nothing but a tap brings an ended call back', () => {
  const { call } = live(...UP, 'hang-up');
  for (const type of ['path-up', 'microphone-ready', 'hang-up']) {
    assert.equal(advance(call, { type }).call, call);
  }
  assert.equal(advance(call, { type: 'failure', reason: 'internal' }).call, call);
});

test('a call is live while it has something to give back', () => {
  assert.deepEqual(['idle', 'asking-mic', 'connecting', 'connected', 'recovering', 'ended', 'failed'].map(isLive), [
    false,
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
});

test('a lost call is made again without a tap, once', () => {
  const lost = { type: 'lost', reason: 'call_lost' };
  const again = live(...UP, lost);
  assert.deepEqual(again.call, { state: 'recovering', reason: 'new_call', renewed: true });
  assert.equal(again.effects.at(-1), 'call-again');
  const up = advance(again.call, { type: 'path-up' });
  assert.equal(up.call.state, 'connected');
  assert.equal(advance(up.call, lost).call.state, 'failed');
});

test('a new call that does not connect fails with a reason', () => {
  const { call, effects } = live(
    ...UP,
    { type: 'lost', reason: 'call_lost' },
    {
      type: 'too-slow',
      reason: 'call_lost',
    },
  );
  assert.equal(call.state, 'failed');
  assert.deepEqual(effects.slice(-2), ['say-bye', 'release']);
});

test('a reloaded page offers to go back to its call while the server has it', () => {
  const kept = live('kept');
  assert.deepEqual(kept.call, { state: 'idle', reason: 'rejoin', renewed: false });
  assert.deepEqual(advance(kept.call, { type: 'not-kept' }).call, IDLE);
  assert.equal(advance(kept.call, { type: 'tap' }).call.state, 'asking-mic');
});
