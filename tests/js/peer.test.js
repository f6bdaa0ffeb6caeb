import assert from 'node:assert/strict';
import test from 'node:test';

import { Peer } from '../../static/js/peer.js';
import { FakePeerConnection, settle } from './fakes.js';

function connect() {
  const pc = new FakePeerConnection();
  const sent = [];
  const noted = [];
  const peer = new Peer(pc, {
    send: (message) => sent.push(message),
    onEvent: (kind, detail) => noted.push([kind, detail]),
    onIce: () => {},
    onConnection: () => {},
    onRemote: () => {},
  });
  return { pc, peer, sent, noted };
}

async function called() {
  const all = connect();
  await all.pc.onnegotiationneeded();
  await all.peer.takeAnswer('answer 1', 1);
  return all;
}

test('the first offer is attempt 1, and a restart is the next', async () => {
  const { pc, peer, sent } = await called();
  peer.restartIce();
  await settle();
  assert.deepEqual(sent, [
    { type: 'offer', sdp: 'offer 1', attempt: 1 },
    { type: 'offer', sdp: 'offer 2', attempt: 2 },
  ]);
  assert.equal(pc.restarts, 1);
});

test('a restart by anybody on the peer connection itself is offered too', async () => {
  const { pc, sent } = await called();
  pc.restartIce();
  await settle();
  assert.equal(sent.at(-1).attempt, 2);
});

test('a restart while an offer is unanswered waits for the answer', async () => {
  const { peer, sent } = await called();
  peer.restartIce();
  await settle();
  peer.restartIce();
  await settle();
  assert.equal(sent.length, 2);
  await peer.takeAnswer('answer 2', 2);
  await settle();
  assert.equal(sent.at(-1).attempt, 3);
});

test('the answer to an earlier attempt is ignored', async () => {
  const { pc, peer } = await called();
  peer.restartIce();
  await settle();
  await peer.takeAnswer('late answer', 1);
  assert.deepEqual(pc.remote, ['answer 1']);
  await peer.takeAnswer('answer 2', 2);
  assert.deepEqual(pc.remote, ['answer 1', 'answer 2']);
});

test('the same answer twice is taken once', async () => {
  const { pc, peer } = await called();
  await peer.takeAnswer('answer 1', 1);
  assert.deepEqual(pc.remote, ['answer 1']);
});

test('candidates ahead of their answer wait for it', async () => {
  const { pc, peer } = connect();
  await pc.onnegotiationneeded();
  await peer.takeCandidate({ candidate: 'early' }, 1);
  assert.deepEqual(pc.candidates, []);
  await peer.takeAnswer('answer 1', 1);
  await peer.takeCandidate({ candidate: 'late' }, 1);
  await peer.takeCandidate(null, 1);
  assert.deepEqual(pc.candidates, [{ candidate: 'early' }, { candidate: 'late' }]);
});

test('candidates of another attempt are ignored', async () => {
  const { pc, peer } = await called();
  await peer.takeCandidate({ candidate: 'old' }, 0);
  await peer.takeCandidate({ candidate: 'new' }, 2);
  assert.deepEqual(pc.candidates, []);
});

test('our candidates carry their attempt, and the end of them is null', async () => {
  const { pc, sent } = await called();
  pc.onicecandidate({ candidate: { candidate: 'c', toJSON: () => ({ candidate: 'c' }) } });
  pc.onicecandidate({ candidate: null });
  assert.deepEqual(sent.slice(1), [
    { type: 'candidate', candidate: { candidate: 'c' }, attempt: 1 },
    { type: 'candidate', candidate: null, attempt: 1 },
  ]);
});

test('a candidate error goes into the timeline', () => {
  const { pc, noted } = connect();
  pc.onicecandidateerror({ url: 'turn:t.example', errorCode: 401, errorText: 'Unauthorized' });
  assert.deepEqual(noted, [
    ['candidate-error', { url: 'turn:t.example', code: 401, text: 'Unauthorized' }],
  ]);
});

test('a closed peer makes no offers', async () => {
  const { pc, peer, sent } = connect();
  peer.close();
  await pc.onnegotiationneeded();
  assert.deepEqual(sent, []);
});
