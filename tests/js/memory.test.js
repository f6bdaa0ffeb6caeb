import assert from 'node:assert/strict';
import test from 'node:test';

import { Memory } from '../../static/js/call/memory.js';

class FakeStorage {
  items = new Map();
  getItem = (key) => this.items.get(key) ?? null;
  setItem = (key, value) => this.items.set(key, value);
  removeItem = (key) => this.items.delete(key);
}

function remember() {
  const storage = new FakeStorage();
  const time = { now: 1_000_000 };
  return {
    memory: new Memory(
      () => storage,
      () => storage,
      () => time.now,
    ),
    time,
    storage,
  };
}

test('a call is kept across a reload for as long as the server keeps it', () => {
  const { memory, time } = remember();
  memory.keepCall('c', 't');
  assert.deepEqual(memory.keptCall(), { callId: 'c', token: 't', at: time.now });
  time.now += 60_000;
  assert.equal(memory.keptCall(), null);
});

test('a call that ended is forgotten', () => {
  const { memory } = remember();
  memory.keepCall('c', 't');
  memory.forgetCall();
  assert.equal(memory.keptCall(), null);
});

test('a way is remembered for its network alone, and for half a day', () => {
  const { memory, time } = remember();
  memory.keepWay('home', 'tls');
  assert.equal(memory.way('home'), 'tls');
  assert.equal(memory.way('office'), null);
  time.now += 12 * 3_600_000;
  assert.equal(memory.way('home'), null);
});

test('an unknown way, or text that is not JSON, is ignored', (context) => {
  context.mock.method(console, 'info', () => {});
  const { memory, storage } = remember();
  storage.setItem('voicedemo.way.home', '{"way":"carrier-pigeon","at":1000000}');
  storage.setItem('voicedemo.way.office', '{');
  assert.equal(memory.way('home'), null);
  assert.equal(memory.way('office'), null);
});

test('a page whose browser forbids storage works, without a memory', (context) => {
  context.mock.method(console, 'info', () => {});
  const forbidden = () => {
    throw new Error('SecurityError');
  };
  const memory = new Memory(forbidden, forbidden, () => 0);
  memory.keepCall('c', 't');
  memory.keepWay('home', 'tls');
  assert.equal(memory.keptCall(), null);
  assert.equal(memory.way('home'), null);
});
