import assert from 'node:assert/strict';
import { test } from 'node:test';

import { server } from '../../static/js/selftest/checks/server.js';
import { PATIENCE_MS } from '../../static/js/selftest/distance.js';
import { FakeClock, FakeSocket, settle } from './fakes.js';

/** A page whose server is asked; `ice` answers each time in turn. */
function page(...ice) {
  const clock = new FakeClock();
  const sockets = [];
  const openSocket = () => {
    sockets.push(new FakeSocket());
    return sockets.at(-1);
  };
  const api = { ice: () => ice.shift() ?? Promise.resolve({ iceServers: [] }) };
  const context = { ticket: 'ticket', tools: { clock, openSocket, api } };
  return { clock, sockets, context, found: server.run(context) };
}

/** The server greets the socket and answers some pings, each after 100 ms. */
function answers({ clock }, socket, count) {
  socket.hears({ type: 'ready' });
  for (let n = 0; n < count; n += 1) {
    const { at } = socket.sent.at(-1);
    clock.pass(100);
    socket.hears({ type: 'pong', at, address: '203.0.113.1' });
  }
}

test('a socket that does not open in time is opened once more', async () => {
  const all = page();
  all.clock.pass(PATIENCE_MS);
  await settle();
  answers(all, all.sockets[1], 5);
  assert.equal((await all.found).found, 'server_fine');
});

test('a server that answered some pings is there', async () => {
  const all = page();
  answers(all, all.sockets[0], 2);
  all.clock.pass(PATIENCE_MS);
  assert.deepEqual((await all.found).data, { ms: 100 });
  assert.equal(all.context.pageAddress, '203.0.113.1');
});

test('ICE servers that are late are asked for once more', async () => {
  const all = page(Promise.reject(new Error('late')));
  answers(all, all.sockets[0], 5);
  assert.equal((await all.found).found, 'server_fine');
});

test('a server that answers neither time is out of reach', async () => {
  const all = page();
  all.clock.pass(PATIENCE_MS);
  await settle();
  all.clock.pass(PATIENCE_MS);
  assert.equal((await all.found).found, 'server_unreachable');
  assert.equal(all.sockets.length, 2);
});
