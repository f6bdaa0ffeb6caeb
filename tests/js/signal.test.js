import assert from 'node:assert/strict';
import test from 'node:test';

import { CLOSE_IDLE } from '../../static/js/generated/shared.js';
import { ANSWER_MS, GREETING_MS, REOPEN_MS, Signal } from '../../static/js/link/signal.js';
import { FakeClock, FakeSocket } from './fakes.js';

const READY = { type: 'ready', callId: 'c1', token: 't1', heartbeat: {} };
const OFFER = { type: 'offer', sdp: 'v=0', generation: 1 };
const ANSWER = { type: 'answer', sdp: 'v=0', generation: 1 };

function open(claim = null) {
  const sockets = [];
  const heard = [];
  const clock = new FakeClock();
  const all = { sockets, heard, clock, pending: null };
  all.signal = new Signal(
    'a-ticket',
    {
      onMessage: (message) => heard.push(message),
      onReady: () => {},
      onLost: () => {},
      pendingOffer: () => all.pending,
    },
    {
      open: (ticket) => {
        sockets.push(new FakeSocket(ticket));
        return sockets.at(-1);
      },
      ...clock,
    },
    claim,
  );
  /** Makes an offer pending and sends it, as the peer does. */
  all.offer = (offer) => {
    all.pending = offer;
    all.signal.send(offer);
  };
  all.answer = () => {
    all.pending = null;
    all.signal.socket.hears(ANSWER);
  };
  return all;
}

function inCall() {
  const all = open();
  all.sockets[0].opens();
  all.sockets[0].hears(READY);
  all.offer(OFFER);
  all.answer();
  return all;
}

/** Opens and greets the newest socket. */
function greet({ sockets }) {
  sockets.at(-1).opens();
  sockets.at(-1).hears(READY);
  sockets.at(-1).hears(READY);
}

test('the socket is opened at once, before there is anything to send', () => {
  assert.equal(open().sockets.length, 1);
});

test('messages from before the greeting are sent after it, the offer first', () => {
  const all = open();
  const candidate = { type: 'candidate', candidate: null, generation: 1 };
  all.offer(OFFER);
  all.signal.send(candidate);
  assert.deepEqual(all.sockets[0].sent, []);
  all.sockets[0].opens();
  all.sockets[0].hears(READY);
  assert.deepEqual(all.sockets[0].sent, [OFFER, candidate]);
});

test('a lost socket is replaced, and the new one resumes the call', () => {
  const all = inCall();
  const { signal, sockets, clock } = all;
  sockets[0].dies();
  clock.pass(REOPEN_MS[0]);
  assert.equal(sockets.length, 2);
  signal.send({ type: 'report', events: [] });
  sockets[1].opens();
  assert.deepEqual(sockets[1].sent, [{ type: 'resume', callId: 'c1', token: 't1' }]);
  sockets[1].hears(READY);
  assert.equal(sockets[1].sent.length, 1);
  sockets[1].hears(READY);
  assert.deepEqual(sockets[1].sent.at(-1), { type: 'report', events: [] });
});

test('resume carries the offer that is still unanswered', () => {
  const all = inCall();
  all.sockets[0].dies();
  all.offer({ ...OFFER, sdp: 'restart', generation: 2 });
  all.clock.pass(REOPEN_MS[0]);
  greet(all);
  assert.deepEqual(all.sockets[1].sent.length, 1);
  assert.deepEqual(all.sockets[1].sent[0].offer, { sdp: 'restart', generation: 2 });
});

test('an offer made while resume is on its way follows it', () => {
  const all = inCall();
  const { sockets, clock } = all;
  sockets[0].dies();
  clock.pass(REOPEN_MS[0]);
  sockets[1].opens();
  sockets[1].hears(READY);
  const restart = { ...OFFER, sdp: 'restart', generation: 2 };
  all.offer(restart);
  sockets[1].hears(READY);
  assert.deepEqual(sockets[1].sent, [{ type: 'resume', callId: 'c1', token: 't1' }, restart]);
});

test('before a call there is nothing to resume, and the offer is sent again', () => {
  const all = open();
  const { sockets, clock } = all;
  sockets[0].opens();
  sockets[0].hears(READY);
  all.offer(OFFER);
  sockets[0].dies();
  clock.pass(REOPEN_MS[0]);
  sockets[1].opens();
  sockets[1].hears(READY);
  assert.deepEqual(sockets[1].sent, [OFFER]);
});

test('the old socket is closed only when the new one is greeted', () => {
  const all = inCall();
  const { signal, sockets } = all;
  signal.replace();
  assert.equal(sockets.length, 2);
  signal.send({ type: 'report', events: [] });
  assert.equal(sockets[0].sent.at(-1).type, 'report');
  assert.equal(sockets[0].readyState, 1);
  greet(all);
  assert.equal(sockets[0].readyState, 3);
  signal.send({ type: 'report', events: [] });
  assert.equal(sockets[1].sent.at(-1).type, 'report');
});

test('a change of network that is announced twice opens one socket', () => {
  const { signal, sockets } = inCall();
  signal.replace();
  signal.replace();
  assert.equal(sockets.length, 2);
});

test('a socket on which no answer comes is replaced', () => {
  const all = inCall();
  all.offer({ ...OFFER, generation: 2 });
  all.clock.pass(ANSWER_MS - 1);
  assert.equal(all.sockets.length, 1);
  all.clock.pass(1);
  assert.equal(all.sockets.length, 2);
});

test('an answer in time keeps the socket', () => {
  const all = inCall();
  all.offer({ ...OFFER, generation: 2 });
  all.answer();
  all.clock.pass(10_000);
  assert.equal(all.sockets.length, 1);
});

test('a socket that is not greeted is replaced', () => {
  const all = inCall();
  all.sockets[0].dies();
  all.clock.pass(REOPEN_MS[0]);
  all.clock.pass(GREETING_MS[0]);
  assert.equal(all.sockets.length, 3);
  assert.equal(all.sockets[1].readyState, 3);
  greet(all);
  assert.equal(all.signal.socket, all.sockets[2]);
});

test('a slow network gets more time for each greeting', () => {
  const all = inCall();
  all.sockets[0].dies();
  all.clock.pass(REOPEN_MS[0]);
  for (const wait of [...GREETING_MS, GREETING_MS.at(-1)]) {
    const count = all.sockets.length;
    all.clock.pass(wait - 1);
    assert.equal(all.sockets.length, count);
    all.clock.pass(1);
    assert.equal(all.sockets.length, count + 1);
  }
  all.clock.pass(GREETING_MS[0]);
  greet(all);
  all.sockets.at(-1).dies();
  all.clock.pass(REOPEN_MS[0]);
  const count = all.sockets.length;
  all.clock.pass(GREETING_MS.at(-1) - 1);
  assert.equal(all.sockets.length, count);
  greet(all);
});

test('a reloaded page claims its call with its first socket', () => {
  const all = open({ callId: 'c0', token: 't0', rejoin: true });
  all.sockets[0].opens();
  assert.deepEqual(all.sockets[0].sent, [{ type: 'resume', callId: 'c0', token: 't0' }]);
  assert.equal(all.signal.admitted, false);
});

test('a lost socket is reopened again and again, ever more slowly', () => {
  const { sockets, clock } = inCall();
  for (const wait of [...REOPEN_MS, REOPEN_MS.at(-1)]) {
    const count = sockets.length;
    sockets.at(-1).dies();
    clock.pass(Math.max(0, wait - 1));
    assert.equal(sockets.length, wait ? count : count + 1);
    clock.pass(1);
    assert.equal(sockets.length, count + 1);
  }
});

test('a closed signal opens no more sockets', () => {
  const { signal, sockets, clock } = inCall();
  signal.close();
  sockets[0].dies();
  clock.pass(60_000);
  assert.equal(sockets.length, 1);
});

test('a message on an abandoned socket is ignored', () => {
  const { sockets, heard, clock } = inCall();
  sockets[0].dies();
  clock.pass(REOPEN_MS[0]);
  sockets[0].hears({ type: 'bye', reason: 'ended' });
  assert.equal(
    heard.some((message) => message.type === 'bye'),
    false,
  );
});

test('what a closed socket still hears is for nobody', () => {
  const { sockets, heard, signal } = open();
  sockets[0].hears(READY);
  signal.close();
  sockets[0].hears({ type: 'bye', reason: 'ended' });
  assert.deepEqual(heard, []);
});

test('a socket that the server closes because nobody used it is opened again when somebody does', () => {
  const all = open();
  all.sockets[0].opens();
  all.sockets[0].hears(READY);
  all.sockets[0].onclose({ code: CLOSE_IDLE });
  all.clock.pass(60_000);
  assert.equal(all.sockets.length, 1);
  all.signal.wake();
  all.signal.wake();
  assert.equal(all.sockets.length, 2);
  all.offer(OFFER);
  all.sockets[1].opens();
  all.sockets[1].hears(READY);
  assert.deepEqual(all.sockets[1].sent, [OFFER]);
});

test('a socket that is lost for another reason is opened again at once', () => {
  const all = open();
  all.sockets[0].opens();
  all.sockets[0].hears(READY);
  all.sockets[0].onclose({ code: 1006 });
  all.clock.pass(REOPEN_MS[0] + 1);
  assert.equal(all.sockets.length, 2);
  all.signal.wake();
  assert.equal(all.sockets.length, 2);
});

test('a socket that is closed as unused just when somebody taps is opened again', () => {
  const all = open();
  all.sockets[0].opens();
  all.sockets[0].hears(READY);
  all.pending = OFFER;
  all.sockets[0].onclose({ code: CLOSE_IDLE });
  all.clock.pass(REOPEN_MS[0] + 1);
  assert.equal(all.sockets.length, 2);
});
