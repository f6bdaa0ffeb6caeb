import assert from 'node:assert/strict';
import test from 'node:test';

import { POLICY, WELL, advance } from '../../static/js/recovery.js';

const DOWN = { type: 'path-down', reason: 'path_lost' };

test('a lost path is restarted at once', () => {
  const { recovery, actions } = advance(WELL, DOWN, 0);
  assert.deepEqual(actions, [{ type: 'restart-ice', reason: 'path_lost' }]);
  assert.equal(recovery.downSince, 0);
});

test('the same outage reported twice is one outage', () => {
  const { recovery } = advance(WELL, DOWN, 0);
  assert.deepEqual(advance(recovery, DOWN, 100).actions, []);
});

test('restarts come ever more slowly until the grace is over, then it gives up', () => {
  let { recovery } = advance(WELL, DOWN, 0);
  const times = [];
  let end = null;
  for (let now = 0; now <= POLICY.graceMs && end === null; now += 500) {
    const next = advance(recovery, { type: 'tick' }, now);
    recovery = next.recovery;
    for (const action of next.actions) {
      if (action.type === 'restart-ice') times.push(now);
      else end = { now, ...action };
    }
  }
  assert.deepEqual(times, [5_000, 11_000, 19_000, 31_000, 43_000, 55_000]);
  assert.deepEqual(end, { now: POLICY.graceMs, type: 'give-up', reason: 'call_lost' });
});

test('a recovered path forgets the outage', () => {
  const { recovery } = advance(WELL, DOWN, 0);
  assert.equal(advance(recovery, { type: 'path-up' }, 900).recovery, WELL);
});

test('a hint on a healthy path restarts and starts no outage', () => {
  const { recovery, actions } = advance(WELL, { type: 'hint', reason: 'network_changed' }, 0);
  assert.deepEqual(actions, [{ type: 'restart-ice', reason: 'network_changed' }]);
  assert.equal(recovery, WELL);
});

test('a hint during an outage restarts at once, and puts the next one off', () => {
  const { recovery } = advance(WELL, DOWN, 0);
  const hinted = advance(recovery, { type: 'hint', reason: 'network_changed' }, 4_900);
  assert.equal(hinted.actions.length, 1);
  assert.deepEqual(advance(hinted.recovery, { type: 'tick' }, 5_000).actions, []);
});

test('while the path is well nothing is done', () => {
  assert.deepEqual(advance(WELL, { type: 'tick' }, 1e9), { recovery: WELL, actions: [] });
});
