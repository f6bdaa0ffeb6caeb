import assert from 'node:assert/strict';
import test from 'node:test';

import { RelayMeter } from '../../static/js/link/relay.js';

function metered() {
  const told = [];
  return { told, meter: new RelayMeter((message) => told.push(message)) };
}

const over = (pairId, bytes) => ({ url: 'turn:x.example', protocol: 'udp', pairId, bytes });

test('what goes through a relay is reported every ten seconds, once', () => {
  const { told, meter } = metered();
  for (let now = 20_000; now <= 40_000; now += 1_000) meter.look(over('p', now), now);
  assert.deepEqual(
    told.map(({ bytes, ms }) => [bytes, ms]),
    [
      [10_000, 10_000],
      [10_000, 10_000],
    ],
  );
  assert.deepEqual(told[0], { type: 'relayed', url: 'turn:x.example', protocol: 'udp', bytes: 10_000, ms: 10_000 });
});

test('the rest is reported when the call leaves the relay', () => {
  const { told, meter } = metered();
  meter.look(over('p', 1_000), 20_000);
  meter.look(over('p', 1_500), 21_000);
  meter.look(null, 22_000);
  meter.look(null, 50_000);
  assert.deepEqual(
    told.map(({ bytes }) => bytes),
    [500],
  );
});

test('a page that was frozen reports no more relayed time than the server accepts', () => {
  const { told, meter } = metered();
  meter.look(over('p', 1_000), 20_000);
  meter.look(over('p', 1_500), 20_000 + 3 * 60_000);
  assert.deepEqual(
    told.map(({ bytes, ms }) => [bytes, ms]),
    [[500, 60_000]],
  );
});

test('another pair is counted from its own beginning', () => {
  const { told, meter } = metered();
  meter.look(over('p', 9_000), 20_000);
  meter.look(over('q', 100), 21_000);
  meter.look(over('q', 300), 22_000);
  meter.tell(22_000);
  assert.deepEqual(
    told.map(({ bytes }) => bytes),
    [200],
  );
});

test('a call without a relay reports nothing', () => {
  const { told, meter } = metered();
  for (let now = 0; now <= 60_000; now += 1_000) meter.look(null, now);
  assert.deepEqual(told, []);
});
