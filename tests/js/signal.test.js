import assert from 'node:assert/strict';
import test from 'node:test';

import { REOPEN_MS, Signal } from '../../static/js/signal.js';
import { FakeClock, FakeSocket } from './fakes.js';

const READY = { type: 'ready', callId: 'c1', token: 't1', heartbeat: {} };
const OFFER = { type: 'offer', sdp: 'v=0', attempt: 1 };
const ANSWER = { type: 'answer', sdp: 'v=0', attempt: 1 };

function open() {
  const sockets = [];
  const heard = [];
  const clock = new FakeClock();
  const signal = new Signal(
    'ws://x/ws/call/?ticket=t',
    { onMessage: (message) => heard.push(message), onReady: () => {}, onLost: () => {} },
    {
      open: (url) => {
        sockets.push(new FakeSocket(url));
        return sockets.at(-1);
      },
      setTimeout: clock.setTimeout,
    },
  );
  return { signal, sockets, heard, clock };
}

function inCall() {
  const all = open();
  all.sockets[0].hears(READY);
  all.signal.send(OFFER);
  all.sockets[0].hears(ANSWER);
  return all;
}

test('the socket is opened at once, before there is anything to say', () => {
  assert.equal(open().sockets.length, 1);
});

test('what is said before the greeting is sent after it, the offer first', () => {
  const { signal, sockets } = open();
  const candidate = { type: 'candidate', candidate: null, attempt: 1 };
  signal.send(OFFER);
  signal.send(candidate);
  assert.deepEqual(sockets[0].sent, []);
  sockets[0].hears(READY);
  assert.deepEqual(sockets[0].sent, [OFFER, candidate]);
});

test('a lost socket is replaced, and the new one resumes the call', () => {
  const { signal, sockets, clock } = inCall();
  sockets[0].dies();
  clock.pass(REOPEN_MS[0]);
  assert.equal(sockets.length, 2);
  signal.send({ type: 'report', events: [] });
  sockets[1].hears(READY);
  assert.deepEqual(sockets[1].sent, [{ type: 'resume', callId: 'c1', token: 't1' }]);
  sockets[1].hears(READY);
  assert.deepEqual(sockets[1].sent.at(-1), { type: 'report', events: [] });
});

test('the resumption carries the offer that is still unanswered', () => {
  const { signal, sockets, clock } = inCall();
  sockets[0].dies();
  signal.send({ ...OFFER, sdp: 'restart', attempt: 2 });
  clock.pass(REOPEN_MS[0]);
  sockets[1].hears(READY);
  assert.deepEqual(sockets[1].sent[0].offer, { sdp: 'restart', attempt: 2 });
});

test('an offer made while the resumption is on its way follows it', () => {
  const { signal, sockets, clock } = inCall();
  sockets[0].dies();
  clock.pass(REOPEN_MS[0]);
  sockets[1].hears(READY);
  const restart = { ...OFFER, sdp: 'restart', attempt: 2 };
  signal.send(restart);
  sockets[1].hears(READY);
  assert.deepEqual(sockets[1].sent, [{ type: 'resume', callId: 'c1', token: 't1' }, restart]);
});

test('an answered offer is not offered again', () => {
  const { sockets, clock } = inCall();
  sockets[0].dies();
  clock.pass(REOPEN_MS[0]);
  sockets[1].hears(READY);
  assert.equal('offer' in sockets[1].sent[0], false);
});

test('before a call there is nothing to resume: the offer is made again', () => {
  const { signal, sockets, clock } = open();
  sockets[0].hears(READY);
  signal.send(OFFER);
  sockets[0].dies();
  clock.pass(REOPEN_MS[0]);
  sockets[1].hears(READY);
  assert.deepEqual(sockets[1].sent, [OFFER]);
});

test('it keeps trying, ever more slowly', () => {
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

test('a message of an abandoned socket is not heard', () => {
  const { sockets, heard, clock } = inCall();
  sockets[0].dies();
  clock.pass(REOPEN_MS[0]);
  sockets[0].hears({ type: 'bye', reason: 'ended' });
  assert.equal(heard.some((message) => message.type === 'bye'), false);
});
