import assert from 'node:assert/strict';
import test from 'node:test';

import { LOOK_MS, SILENT_MS, Watchdog } from '../../static/js/watchdog.js';
import { FakeClock, settle } from './fakes.js';

/** A watchdog on a wire that carries packets while `flowing`. */
async function watch() {
  const all = { clock: new FakeClock(), packets: 1, visible: true, seen: [] };
  all.dog = new Watchdog(
    async () => all.packets,
    () => all.visible,
    { onSilence: () => all.seen.push('silence'), onSound: () => all.seen.push('sound') },
    all.clock,
  );
  await settle();
  /** @param {number} ms @param {boolean} flowing */
  all.pass = async (ms, flowing) => {
    for (let passed = 0; passed < ms; passed += LOOK_MS) {
      if (flowing) all.packets += 5;
      all.clock.pass(LOOK_MS);
      await settle();
    }
  };
  return all;
}

test('packets that flow are no news', async () => {
  const { pass, seen } = await watch();
  await pass(5_000, true);
  assert.deepEqual(seen, []);
});

test('a silent wire is told once, and once when it speaks again', async () => {
  const { pass, seen } = await watch();
  await pass(1_000, true);
  await pass(SILENT_MS - LOOK_MS, false);
  assert.deepEqual(seen, []);
  await pass(3_000, false);
  assert.deepEqual(seen, ['silence']);
  await pass(LOOK_MS, true);
  assert.deepEqual(seen, ['silence', 'sound']);
});

test('a hidden page does not judge', async () => {
  const all = await watch();
  all.visible = false;
  await all.pass(5_000, false);
  assert.deepEqual(all.seen, []);
  all.visible = true;
  await all.pass(SILENT_MS, false);
  assert.deepEqual(all.seen, ['silence']);
});

test('a page that was frozen counts anew', async () => {
  const { clock, pass, seen } = await watch();
  await pass(1_000, true);
  clock.time += 60_000;
  await pass(SILENT_MS - LOOK_MS, false);
  assert.deepEqual(seen, []);
});

test('a stopped watchdog says no more', async () => {
  const { dog, clock, pass, seen } = await watch();
  dog.stop();
  await pass(5_000, false);
  assert.deepEqual(seen, []);
  assert.equal(clock.timers.size, 0);
});
