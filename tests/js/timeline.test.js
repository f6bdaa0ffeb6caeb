/** The page's events for the server's timeline: in batches, and on the server's clock. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { Timeline } from '../../static/js/link/timeline.js';
import { FakeClock } from './fakes.js';

/** A timeline whose server's clock is this much ahead of the page's. */
function timeline(aheadMs) {
  const clock = new FakeClock();
  const reports = [];
  const page = new Timeline((message) => reports.push(message), clock);
  const ping = (thereMs, backMs) => {
    const at = clock.now();
    clock.pass(thereMs);
    const now = clock.now() + aheadMs;
    clock.pass(backMs);
    page.compare({ at, now });
  };
  const times = () => reports.flatMap(({ events }) => events.map(({ at }) => at));
  return { clock, page, ping, times };
}

test('events have the time of the server, also those from before it was known', () => {
  for (const ahead of [-90_000, 0, 3_600_000]) {
    const { clock, page, ping, times } = timeline(ahead);
    const begun = clock.now();
    page.add('ice', { state: 'checking' });
    ping(20, 20);
    page.add('ice', { state: 'connected' });
    page.flush();
    assert.deepEqual(times(), [begun + ahead, begun + 40 + ahead]);
  }
});

test('the ping with the shortest round trip counts', () => {
  const { clock, page, ping, times } = timeline(5_000);
  ping(10, 10);
  ping(0, 900); // over a bad network: it would be wrong by 450 ms
  page.add('ice');
  page.flush();
  assert.deepEqual(times(), [clock.now() + 5_000]);
});

test('a server that tells no time changes nothing', () => {
  const { clock, page, times } = timeline(0);
  page.compare({ at: clock.now() });
  page.add('ice');
  page.flush();
  assert.deepEqual(times(), [clock.now()]);
});
