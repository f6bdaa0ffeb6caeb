import assert from 'node:assert/strict';
import test from 'node:test';

import { Peer } from '../../static/js/link/peer.js';
import { FakeClock, FakePeerConnection, settle } from './fakes.js';

const SERVERS = [{ urls: ['turn:t.example', 'turns:t.example:443'], username: 'u', credential: 'c' }];

function connect() {
  const pc = new FakePeerConnection();
  const sent = [];
  const noted = [];
  const clock = new FakeClock();
  const peer = new Peer(
    pc,
    SERVERS,
    'all',
    {
      send: (message) => sent.push(message),
      onEvent: (kind, detail) => noted.push([kind, detail]),
      onCandidate: () => {},
      onIce: () => {},
      onConnection: () => {},
      onRemote: () => {},
    },
    clock.now,
  );
  return { pc, peer, sent, noted, clock };
}

async function called() {
  const all = connect();
  await all.pc.onnegotiationneeded();
  await all.peer.takeAnswer('answer 1', 1);
  return all;
}

test('the first offer is generation 1, and a restart is the next one', async () => {
  const { pc, peer, sent } = await called();
  await peer.restartIce('all', false);
  assert.deepEqual(sent, [
    { type: 'offer', sdp: 'offer 1', generation: 1 },
    { type: 'offer', sdp: 'offer 2', generation: 2 },
  ]);
  assert.equal(pc.restarts, 1);
  assert.equal(sent.length, 2);
});

test('a restart on the peer connection itself makes an offer too', async () => {
  const { pc, sent } = await called();
  pc.restartIce();
  await settle();
  assert.equal(sent.at(-1).generation, 2);
});

test('a restart replaces an unanswered offer', async () => {
  const { pc, peer, sent } = await called();
  await peer.restartIce('all', false);
  await peer.restartIce('all', false);
  assert.deepEqual(
    sent.map(({ generation }) => generation),
    [1, 2, 3],
  );
  await peer.takeAnswer('answer 2', 2);
  await peer.takeAnswer('answer 3', 3);
  assert.deepEqual(pc.remote, ['answer 1', 'answer 3']);
});

test('an offer is pending once it is set, and until it is answered', async () => {
  const { peer, clock } = await called();
  assert.equal(peer.pendingOffer, null);
  const restarted = peer.restartIce('all', false);
  while (peer.generation === 1) await Promise.resolve();
  // The description is still the previous one, and does not belong to the new generation.
  assert.equal(peer.pendingOffer, null);
  await restarted;
  assert.deepEqual(peer.pendingOffer, { type: 'offer', sdp: 'offer 2', generation: 2 });
  clock.pass(1_500);
  assert.equal(peer.unansweredFor, 1_500);
  await peer.takeAnswer('answer 2', 2);
  assert.equal(peer.pendingOffer, null);
  assert.equal(peer.unansweredFor, 0);
});

test('a restart on another way configures the peer connection first', async () => {
  const { pc, peer, sent } = await called();
  await peer.restartIce('tls', true);
  assert.equal(sent.at(-1).abandon, true);
  assert.equal(pc.configurations.length, 1);
  assert.equal(pc.configurations[0].iceTransportPolicy, 'relay');
  assert.deepEqual(pc.configurations[0].iceServers[0].urls, ['turns:t.example:443']);
});

test('on ICE-TCP neither side learns of the other’s UDP', async () => {
  const { pc, peer, sent } = await called();
  await peer.restartIce('ice-tcp', false);
  const udp = 'candidate:1 1 udp 1 192.0.2.1 5000 typ host';
  const tcp = 'candidate:2 1 tcp 1 192.0.2.1 9 typ host tcptype active';
  for (const candidate of [udp, tcp]) {
    pc.onicecandidate({ candidate: { candidate, toJSON: () => ({ candidate }) } });
  }
  assert.deepEqual(
    sent.slice(2).map((message) => message.candidate.candidate),
    [tcp],
  );
  await peer.takeAnswer(`v=0\r\na=${udp}\r\na=${tcp}\r\n`, 2);
  assert.equal(pc.remote.at(-1), `v=0\r\na=${tcp}\r\n`);
  await peer.takeCandidate({ candidate: udp }, 2);
  assert.deepEqual(pc.candidates, []);
});

test('fresh credentials are configured, for the next restart', async () => {
  const { pc, peer } = await called();
  peer.useServers([{ ...SERVERS[0], credential: 'fresh' }]);
  assert.equal(pc.configurations[0].iceServers[0].credential, 'fresh');
});

test('the answer to an earlier generation is ignored', async () => {
  const { pc, peer } = await called();
  await peer.restartIce('all', false);
  await peer.takeAnswer('late answer', 1);
  assert.deepEqual(pc.remote, ['answer 1']);
  await peer.takeAnswer('answer 2', 2);
  assert.deepEqual(pc.remote, ['answer 1', 'answer 2']);
});

test('an answer that comes twice is used once', async () => {
  const { pc, peer } = await called();
  await peer.takeAnswer('answer 1', 1);
  assert.deepEqual(pc.remote, ['answer 1']);
});

test('candidates that come before their answer wait for it', async () => {
  const { pc, peer } = connect();
  await pc.onnegotiationneeded();
  await peer.takeCandidate({ candidate: 'early' }, 1);
  assert.deepEqual(pc.candidates, []);
  await peer.takeAnswer('answer 1', 1);
  await peer.takeCandidate({ candidate: 'late' }, 1);
  await peer.takeCandidate(null, 1);
  assert.deepEqual(pc.candidates, [{ candidate: 'early' }, { candidate: 'late' }]);
});

test('candidates of another generation are ignored', async () => {
  const { pc, peer } = await called();
  await peer.takeCandidate({ candidate: 'old' }, 0);
  await peer.takeCandidate({ candidate: 'new' }, 2);
  assert.deepEqual(pc.candidates, []);
});

test('the page’s candidates carry their generation, and end with null', async () => {
  const { pc, sent } = await called();
  pc.onicecandidate({ candidate: { candidate: 'c', toJSON: () => ({ candidate: 'c' }) } });
  pc.onicecandidate({ candidate: null });
  assert.deepEqual(sent.slice(1), [
    { type: 'candidate', candidate: { candidate: 'c' }, generation: 1 },
    { type: 'candidate', candidate: null, generation: 1 },
  ]);
});

test('a candidate error goes into the timeline', () => {
  const { pc, noted } = connect();
  pc.onicecandidateerror({ url: 'turn:t.example', errorCode: 401, errorText: 'Unauthorized' });
  assert.deepEqual(noted, [['candidate-error', { url: 'turn:t.example', code: 401, text: 'Unauthorized' }]]);
});

test('a closed peer makes no offers', async () => {
  const { pc, peer, sent } = connect();
  peer.close();
  await pc.onnegotiationneeded();
  assert.deepEqual(sent, []);
});
