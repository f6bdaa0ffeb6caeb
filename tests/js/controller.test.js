import assert from 'node:assert/strict';
import test from 'node:test';

import { TICKET_LASTS_MS } from '../../static/js/link/api.js';
import { CONNECT_MS } from '../../static/js/call/call.js';
import { CallController } from '../../static/js/call/controller.js';
import { FakeChannel, FakeClock, FakePeerConnection, FakeSocket, settle } from './fakes.js';

const READY = { type: 'ready', callId: 'c', token: 't', heartbeat: { intervalS: 20, livenessS: 40 } };

const SERVERS = [{ urls: ['turns:t.example:443'], username: 'u', credential: 'c' }];

/** A controller with stand-ins for everything that it uses. */
function page({ kept = null, remembered = null, way = null, servers = SERVERS, partial = false } = {}) {
  const all = {
    clock: new FakeClock(),
    sockets: [],
    peers: [],
    states: [],
    tickets: 0,
    stopped: 0,
    voices: [],
    places: [],
  };
  const track = {
    enabled: true,
    stop: () => {
      all.stopped += 1;
    },
  };
  all.track = track;
  all.kept = [];
  all.memory = {
    keptCall: () => kept,
    keepCall: (callId) => all.kept.push(callId),
    forgetCall: () => {
      all.kept = [];
    },
    way: () => remembered,
    keepWay: () => {},
  };
  const stream = { getTracks: () => [track], getAudioTracks: () => [track] };
  const makePeer = (configuration) => {
    const pc = new FakePeerConnection();
    pc.configurations.push(configuration);
    pc.createDataChannel = () => new FakeChannel();
    pc.addTrack = () => pc.onnegotiationneeded();
    all.peers.push(pc);
    return pc;
  };
  all.controller = new CallController(
    'page-ticket',
    { way, voice: 'echo' },
    {
      onCall: ({ state, reason }) => all.states.push(reason ? `${state}: ${reason}` : state),
      onMicrophone: () => {},
      onRemote: (stream) => all.voices.push(stream),
      onIce: () => {},
      onTurn: () => {},
      onCaption: () => {},
      onPlace: (place) => all.places.push(place),
      onStats: () => {},
    },
    {
      api: {
        issueTicket: async () => ({ ticket: `ticket-${(all.tickets += 1)}`, expiresIn: 600 }),
        ice: async () => ({ iceServers: servers, ttl: 2_700, partial }),
      },
      memory: all.memory,
      openMicrophone: async () => stream,
      makePeer,
      openSocket: (url) => {
        all.sockets.push(new FakeSocket(url));
        return all.sockets.at(-1);
      },
      clock: all.clock,
    },
  );
  return all;
}

async function tapped() {
  const all = page();
  all.sockets[0].opens();
  all.sockets[0].hears(READY);
  all.controller.tap();
  await settle();
  return all;
}

async function connected() {
  const all = await tapped();
  all.sockets[0].hears({ type: 'answer', sdp: 'answer', generation: 1 });
  await settle();
  change(all, 'connected');
  return all;
}

function change(all, state) {
  const pc = all.peers.at(-1);
  pc.iceConnectionState = state;
  pc.oniceconnectionstatechange();
  pc.connectionState = state;
  pc.onconnectionstatechange();
}

const offers = ({ sockets }) => sockets.flatMap((socket) => socket.sent).filter((message) => message.type === 'offer');

test('a tap makes an offer that names the voice, and the answer makes it a call', async () => {
  const all = await connected();
  assert.deepEqual(offers(all), [{ type: 'offer', sdp: 'offer 1', generation: 1, voice: 'echo' }]);
  assert.deepEqual(all.states, ['asking-mic', 'connecting', 'connected']);
});

async function waiting() {
  const all = await tapped();
  all.sockets[0].hears({ type: 'waiting', place: 2 });
  await settle();
  return all;
}

test('while every line is taken the page waits without a peer connection, and is told its place', async () => {
  const all = await waiting();
  all.sockets[0].hears({ type: 'waiting', place: 1 });
  await settle();
  assert.equal(all.states.at(-1), 'waiting');
  assert.deepEqual(all.places, [2, 1]);
  assert.equal(all.peers[0].closed, true);
  all.clock.pass(10 * CONNECT_MS);
  assert.equal(all.states.at(-1), 'waiting');
});

test('when it is let in it calls by itself, with the same ticket and microphone', async () => {
  const all = await waiting();
  all.sockets[0].hears({ type: 'enter' });
  await settle();
  assert.equal(all.states.at(-1), 'connecting');
  all.sockets[0].hears({ type: 'answer', sdp: 'answer', generation: 1 });
  await settle();
  change(all, 'connected');
  assert.equal(all.states.at(-1), 'connected');
  assert.equal(offers(all).length, 2);
  assert.deepEqual([all.peers.length, all.tickets, all.stopped], [2, 0, 0]);
});

test('a page that is let in and cannot connect says so', async () => {
  const all = await waiting();
  all.sockets[0].hears({ type: 'enter' });
  await settle();
  all.clock.pass(CONNECT_MS);
  assert.match(all.states.at(-1), /^failed: /);
});

test('on its next socket a waiting page asks for its place', async () => {
  const all = await waiting();
  all.sockets[0].dies();
  all.clock.pass(0);
  all.sockets[1].opens();
  all.sockets[1].hears(READY);
  await settle();
  assert.deepEqual(
    all.sockets[1].sent.filter(({ type }) => type === 'wait'),
    [{ type: 'wait' }],
  );
  all.clock.pass(10 * CONNECT_MS);
  assert.equal(all.states.at(-1), 'waiting');
});

test('a waiting page that loses the server for long says so', async () => {
  const all = await waiting();
  all.sockets[0].dies();
  all.clock.pass(CONNECT_MS);
  assert.equal(all.states.at(-1), 'failed: server_unreachable');
});

test('who hangs up waits no more', async () => {
  const all = await waiting();
  all.controller.hangUp();
  assert.equal(all.states.at(-1), 'ended: hangup');
  assert.equal(all.sockets[0].sent.at(-1).type, 'bye');
  assert.equal(all.stopped, 1);
});

test('a lost path is restarted under the same peer connection and microphone', async () => {
  const all = await connected();
  change(all, 'disconnected');
  await settle();
  assert.equal(all.states.at(-1), 'recovering: path_lost');
  assert.equal(offers(all).at(-1).generation, 2);
  all.sockets[0].hears({ type: 'answer', sdp: 'answer', generation: 2 });
  await settle();
  change(all, 'connected');
  assert.equal(all.states.at(-1), 'connected');
  assert.equal(all.peers.length, 1);
  assert.equal(all.stopped, 0);
});

/** DTLS fails, as in Firefox when something is written on a path that has gone. */
function dtlsFails(all) {
  const pc = all.peers.at(-1);
  pc.ontrack({ streams: [{}], track: {}, receiver: { transport: { state: 'failed' } } });
  pc.connectionState = 'failed';
  pc.onconnectionstatechange();
}

test('without DTLS the call goes on over another peer connection', async () => {
  const all = await connected();
  dtlsFails(all);
  await settle();
  assert.equal(all.states.at(-1), 'recovering: path_lost');
  assert.deepEqual(
    all.peers.map(({ closed }) => closed),
    [true, false],
  );
  assert.deepEqual(offers(all).at(-1), { type: 'offer', sdp: 'offer 1', generation: 1, rejoin: true });
  assert.equal(all.tickets, 0);
  all.sockets[0].hears({ type: 'answer', sdp: 'answer', generation: 1 });
  await settle();
  change(all, 'connected');
  assert.equal(all.states.at(-1), 'connected');
  assert.equal(all.stopped, 0);
});

/** The bot's voice arrives over the newest peer connection. */
function sounds(all, stream) {
  all.peers.at(-1).ontrack({ streams: [stream], track: {}, receiver: {} });
}

const closed = ({ peers }) => peers.map((pc) => pc.closed);

test('a call that is told to move is connected elsewhere before it leaves', async () => {
  const all = await connected();
  sounds(all, 'old');
  all.sockets[0].hears({ type: 'move' });
  await settle();
  assert.deepEqual(offers(all).at(-1), { type: 'offer', sdp: 'offer 1', generation: 1, rejoin: true });
  sounds(all, 'new');
  assert.deepEqual(closed(all), [false, false]);
  assert.deepEqual(all.voices, ['old']);
  all.sockets[0].hears({ type: 'answer', sdp: 'answer', generation: 1 });
  await settle();
  change(all, 'connected');
  assert.deepEqual(closed(all), [true, false]);
  assert.deepEqual(all.voices, ['old', 'new']);
  all.clock.pass(61_000);
  assert.deepEqual(all.states, ['asking-mic', 'connecting', 'connected']);
  assert.equal(all.tickets, 0);
});

test('a move that takes a second is shown', async () => {
  const all = await connected();
  all.sockets[0].hears({ type: 'move' });
  await settle();
  all.clock.pass(1_000);
  assert.equal(all.states.at(-1), 'recovering: path_lost');
  all.sockets[0].hears({ type: 'answer', sdp: 'answer', generation: 1 });
  await settle();
  change(all, 'connected');
  assert.equal(all.states.at(-1), 'connected');
});

test('a call that moves twice leaves both, and plays the last', async () => {
  const all = await connected();
  for (let n = 0; n < 2; n += 1) {
    all.sockets[0].hears({ type: 'move' });
    await settle();
    sounds(all, n);
  }
  assert.deepEqual(closed(all), [false, true, false]);
  all.sockets[0].hears({ type: 'answer', sdp: 'answer', generation: 1 });
  await settle();
  change(all, 'connected');
  assert.deepEqual(closed(all), [true, true, false]);
  assert.deepEqual(all.voices, [1]);
});

test('hanging up ends a move', async () => {
  const all = await connected();
  all.sockets[0].hears({ type: 'move' });
  await settle();
  all.controller.hangUp();
  assert.deepEqual(closed(all), [true, true]);
});

test('a late answer to the previous peer connection is not taken for the new one’s', async () => {
  const all = await connected();
  dtlsFails(all);
  all.sockets[0].hears({ type: 'answer', sdp: 'late', generation: 1 });
  await settle();
  assert.equal(offers(all).at(-1).rejoin, true);
});

test('a DTLS association without a path has not failed: the next way is tried', async () => {
  const all = await tapped();
  all.peers[0].iceGatheringState = 'complete';
  dtlsFails(all);
  all.peers[0].iceConnectionState = 'failed';
  all.peers[0].oniceconnectionstatechange();
  all.clock.pass(1_000);
  await settle();
  assert.equal(all.states.at(-1), 'connecting');
  assert.equal(all.peers.length, 1);
  assert.equal(offers(all).at(-1).generation, 2);
});

test('if the second peer connection fails as well, there is a new call', async () => {
  const all = await connected();
  dtlsFails(all);
  await settle();
  all.peers[1].iceConnectionState = 'connected';
  all.peers[1].oniceconnectionstatechange();
  dtlsFails(all);
  await settle();
  assert.equal(all.states.at(-1), 'recovering: new_call');
});

test('if the second peer connection is not up within a minute, there is a new call', async () => {
  const all = await connected();
  dtlsFails(all);
  await settle();
  all.clock.pass(61_000);
  await settle();
  assert.equal(all.states.at(-1), 'recovering: new_call');
});

test('TURN servers in use are not replaced by none', async () => {
  const all = await connected();
  const pc = all.peers[0];
  const before = pc.configurations.length;
  all.sockets[0].hears({ type: 'ice', iceServers: [{ urls: ['stun:s.example'] }], ttl: 90 });
  await settle();
  assert.equal(pc.configurations.length, before);
  all.sockets[0].hears({ type: 'ice', iceServers: SERVERS, ttl: 90 });
  await settle();
  assert.equal(pc.configurations.length, before + 1);
});

test('after a minute without a path a new call is made on the same microphone', async () => {
  const all = await connected();
  change(all, 'disconnected');
  all.clock.pass(61_000);
  await settle();
  assert.equal(all.states.at(-1), 'recovering: new_call');
  assert.equal(all.sockets.at(-1).url, 'ticket-1');
  all.sockets.at(-1).opens();
  all.sockets.at(-1).hears(READY);
  await settle();
  assert.equal(all.peers.length, 2);
  assert.equal(offers(all).at(-1).generation, 1);
  all.sockets.at(-1).hears({ type: 'answer', sdp: 'answer', generation: 1 });
  await settle();
  change(all, 'connected');
  assert.equal(all.states.at(-1), 'connected');
  assert.equal(all.stopped, 0);
});

test('a new call that cannot be made ends in a sentence', async () => {
  const all = await connected();
  all.sockets[0].hears({ type: 'error', code: 'call_unknown', message: '', retryable: false });
  await settle();
  assert.equal(all.states.at(-1), 'recovering: new_call');
  all.clock.pass(CONNECT_MS);
  assert.equal(all.states.at(-1), 'failed: server_unreachable');
  assert.equal(all.stopped, 1);
});

test('the bot receiving nothing is an outage only if something is being sent', async () => {
  const all = await connected();
  all.controller.attempt.link.supervisor.monitor.summary = { isSending: false };
  all.sockets[0].hears({ type: 'hears', media: false });
  await settle();
  assert.equal(all.states.at(-1), 'connected');
  all.controller.attempt.link.supervisor.monitor.summary = { isSending: true };
  all.sockets[0].hears({ type: 'hears', media: false });
  await settle();
  assert.equal(all.states.at(-1), 'recovering: path_silent');
  assert.equal(offers(all).at(-1).generation, 2);
  all.sockets[0].hears({ type: 'hears', media: true });
  await settle();
  assert.equal(all.states.at(-1), 'connected');
});

test('fresh credentials are asked for, and used after a restart on the healthy path', async () => {
  const all = await connected();
  all.clock.pass(40 * 60_000);
  assert.deepEqual(
    all.sockets[0].sent.filter(({ type }) => type === 'ice'),
    [{ type: 'ice' }],
  );
  const iceServers = [{ ...SERVERS[0], credential: 'fresh' }];
  await settle();
  const { generation } = offers(all).at(-1);
  all.sockets[0].hears({ type: 'ice', iceServers, ttl: 2_700, expiresAt: '' });
  await settle();
  assert.equal(all.peers[0].configurations.at(-1).iceServers[0].credential, 'fresh');
  assert.equal(offers(all).at(-1).generation, generation + 1);
  assert.equal(all.states.at(-1), 'connected');
});

test('a healthy path is not abandoned, whichever way it takes', async () => {
  const all = page({ remembered: 'tls' });
  all.sockets[0].opens();
  all.sockets[0].hears(READY);
  all.controller.tap();
  await settle();
  all.sockets[0].hears({ type: 'answer', sdp: 'answer', generation: 1 });
  await settle();
  change(all, 'connected');
  all.controller.hint('credentials');
  await settle();
  assert.equal(offers(all).at(-1).generation, 2);
  assert.equal('abandon' in offers(all).at(-1), false);
});

test('the way remembered for this network is used first', async () => {
  const all = page({ remembered: 'tls' });
  all.sockets[0].opens();
  all.sockets[0].hears(READY);
  all.controller.tap();
  await settle();
  assert.equal(all.peers[0].configurations[0].iceTransportPolicy, 'relay');
});

test('a page that leaves during a call keeps it for its reload', async () => {
  const all = await connected();
  all.controller.leave();
  assert.deepEqual(all.kept, ['c']);
  assert.deepEqual(all.sockets[0].sent.at(-1), { type: 'bye', reason: 'page_closed' });
});

test('a reloaded page offers its call, and a tap goes back to it', async () => {
  const all = page({ kept: { callId: 'c0', token: 't0', at: 0 } });
  assert.deepEqual(all.states, ['idle: rejoin']);
  all.sockets[0].opens();
  assert.equal(all.sockets[0].sent[0].callId, 'c0');
  all.sockets[0].hears(READY);
  all.sockets[0].hears({ ...READY, callId: 'c0' });
  all.controller.tap();
  await settle();
  assert.deepEqual(offers(all), [{ type: 'offer', sdp: 'offer 1', generation: 1, rejoin: true }]);
});

test('a reloaded page whose call has ended is an ordinary page', async () => {
  const all = page({ kept: { callId: 'c0', token: 't0', at: 0 } });
  all.sockets[0].opens();
  all.sockets[0].hears({ type: 'error', code: 'call_unknown', message: '', retryable: false });
  await settle();
  assert.equal(all.states.at(-1), 'idle');
  all.sockets.at(-1).opens();
  all.sockets.at(-1).hears(READY);
  all.controller.tap();
  await settle();
  assert.deepEqual(offers(all), [{ type: 'offer', sdp: 'offer 1', generation: 1, voice: 'echo' }]);
});

test('a kept call that ends while the browser asks for the microphone makes way for a new one', async () => {
  const all = page({ kept: { callId: 'c0', token: 't0', at: 0 } });
  let allow;
  const stream = all.controller.tools.openMicrophone();
  all.controller.tools.openMicrophone = () =>
    new Promise((resolve) => {
      allow = resolve;
    });
  all.sockets[0].opens();
  all.controller.tap();
  all.sockets[0].hears({ type: 'error', code: 'call_unknown', message: '', retryable: false });
  await settle();
  allow(await stream);
  await settle();
  all.sockets.at(-1).opens();
  all.sockets.at(-1).hears(READY);
  await settle();
  assert.equal(all.states.at(-1), 'connecting');
  assert.deepEqual(offers(all), [{ type: 'offer', sdp: 'offer 1', generation: 1, voice: 'echo' }]);
});

test('a kept call can be declined', async () => {
  const all = page({ kept: { callId: 'c0', token: 't0', at: 0 } });
  all.sockets[0].opens();
  all.sockets[0].hears(READY);
  all.sockets[0].hears({ ...READY, callId: 'c0' });
  all.controller.forgetKept();
  assert.deepEqual(all.sockets[0].sent.at(-1), { type: 'bye', reason: 'hangup' });
  assert.equal(all.states.at(-1), 'idle');
  all.controller.tap();
  await settle();
  all.sockets.at(-1).hears(READY);
  await settle();
  assert.deepEqual(offers(all), [{ type: 'offer', sdp: 'offer 1', generation: 1, voice: 'echo' }]);
});

test('the developer panel learns the call, the way, the restarts and the heartbeat', async () => {
  const all = page();
  assert.deepEqual(all.controller.diagnostics(), { callId: '', link: null });
  all.sockets[0].hears(READY);
  all.controller.tap();
  await settle();
  all.sockets[0].hears({ type: 'answer', sdp: 'answer', generation: 1 });
  await settle();
  change(all, 'connected');
  all.controller.hint('developer');
  await settle();
  const { callId, link } = all.controller.diagnostics();
  assert.equal(callId, 'c');
  assert.deepEqual([link.way, link.restarts, link.heartbeatMs], ['all', 1, null]);
  assert.equal(link.summary.pair, '');
  all.controller.hangUp();
  assert.deepEqual(all.controller.diagnostics(), { callId: '', link: null });
});

test('a lost socket does not touch the call', async () => {
  const all = await connected();
  all.sockets[0].dies();
  all.clock.pass(10);
  all.sockets[1].opens();
  all.sockets[1].hears(READY);
  assert.equal(all.sockets[1].sent[0].type, 'resume');
  assert.equal(all.states.at(-1), 'connected');
});

test('a call that does not connect says why', async () => {
  const blocked = await tapped();
  blocked.sockets[0].hears({ type: 'answer', sdp: 'answer', generation: 1 });
  blocked.clock.pass(CONNECT_MS);
  assert.equal(blocked.states.at(-1), 'failed: network_blocked');

  const alone = page();
  alone.controller.tap();
  await settle();
  alone.clock.pass(CONNECT_MS);
  assert.equal(alone.states.at(-1), 'failed: server_unreachable');
});

test('a relay that is asked for and missing is said at once', async () => {
  const stun = [{ urls: ['stun:s.example'] }];
  for (const [way, servers] of [
    ['relay', stun],
    ['udp', SERVERS],
    ['tcp', SERVERS],
  ]) {
    const all = page({ way, servers });
    all.sockets[0].hears(READY);
    all.controller.tap();
    await settle();
    assert.equal(all.states.at(-1), 'failed: no_relay', way);
    assert.deepEqual([all.peers.length, all.stopped], [0, 1]);
  }
  const found = page({ way: 'tls' });
  found.controller.tap();
  await settle();
  assert.equal(found.states.at(-1), 'connecting');
});

/** Lets a page that uses one way alone be told that no TURN server answers the bot over these. */
async function toldOfDeadRelays(way, ...protocols) {
  const servers = [{ urls: ['turn:t.example?transport=tcp', 'turns:t.example:443'], username: 'u', credential: 'c' }];
  const all = page({ way, servers });
  all.sockets[0].opens();
  all.sockets[0].hears(READY);
  all.controller.tap();
  await settle();
  all.sockets[0].hears({ type: 'answer', sdp: 'answer', generation: 1 });
  all.sockets[0].hears({ type: 'dead-relays', protocols });
  await settle();
  return all;
}

/** The browser finds a relayed candidate. */
function findRelay(all) {
  const candidate = 'candidate:1 1 udp 1 192.0.2.1 5000 typ relay';
  all.peers.at(-1).onicecandidate({ candidate: { candidate, toJSON: () => ({ sdpMid: '0' }) } });
}

test('a relay of ours that does not answer is said long before a call is given up', async () => {
  for (const [way, ...protocols] of [
    ['relay', 'tcp', 'tls'],
    ['tls', 'tls'],
  ]) {
    const all = await toldOfDeadRelays(way, ...protocols);
    assert.equal(all.states.at(-1), 'connecting', way);
    all.clock.pass(CONNECT_MS / 3);
    assert.equal(all.states.at(-1), 'failed: relay_down', way);
    const byes = all.sockets[0].sent.filter(({ type }) => type === 'bye');
    assert.deepEqual(byes, [{ type: 'bye', reason: 'relay_down' }]);
  }
});

test('a relay that the page reaches is no reason to give up', async () => {
  for (const soon of [true, false]) {
    const all = await toldOfDeadRelays('relay', ...(soon ? ['tcp'] : ['tcp', 'tls']));
    findRelay(all);
    all.sockets[0].hears({ type: 'dead-relays', protocols: ['tcp', 'tls'] });
    all.clock.pass(CONNECT_MS / 3);
    assert.equal(all.states.at(-1), 'connecting');
    all.clock.pass(CONNECT_MS);
    assert.equal(all.states.at(-1), 'failed: network_blocked');
  }
});

test('a call that may go without a relay is tried to the end, and the relay is named then', async () => {
  for (const [protocols, reason] of [
    [['tcp', 'tls'], 'relay_down'],
    [['tcp'], 'network_blocked'],
  ]) {
    const all = await toldOfDeadRelays(null, ...protocols);
    all.clock.pass(CONNECT_MS - 1);
    assert.equal(all.states.at(-1), 'connecting');
    all.clock.pass(1);
    assert.equal(all.states.at(-1), `failed: ${reason}`);
  }
});

test('a relay that is down does not end a call that is up', async () => {
  const all = await toldOfDeadRelays('tls');
  change(all, 'connected');
  all.sockets[0].hears({ type: 'dead-relays', protocols: ['tcp', 'tls'] });
  all.clock.pass(CONNECT_MS);
  assert.equal(all.states.at(-1), 'connected');
});

test('a provider that never had the relay that is asked for is not the network', async () => {
  const all = page({ way: 'tls', servers: [{ urls: ['turn:t.example'] }], partial: true });
  all.sockets[0].opens();
  all.sockets[0].hears(READY);
  all.controller.tap();
  await settle();
  all.sockets[0].hears({ type: 'answer', sdp: 'answer', generation: 1 });
  all.clock.pass(CONNECT_MS);
  assert.equal(all.states.at(-1), 'failed: no_relay');
});

test('a relay that a provider may still have is waited for', async () => {
  const all = page({ way: 'relay', servers: [], partial: true });
  all.controller.tap();
  await settle();
  assert.equal(all.states.at(-1), 'connecting');
  all.clock.pass(CONNECT_MS);
  assert.equal(all.states.at(-1), 'failed: server_unreachable');
});

test('a call that finds all lines busy fails with that reason', async () => {
  const all = await tapped();
  all.sockets[0].hears({ type: 'error', code: 'busy', message: 'full', retryable: true });
  await settle();
  assert.equal(all.states.at(-1), 'failed: busy');
  assert.equal(all.stopped, 1);
});

test('a used ticket is replaced once, and the person is not told', async () => {
  const all = await tapped();
  all.sockets[0].hears({ type: 'error', code: 'ticket_used', message: '', retryable: true });
  await settle();
  assert.equal(all.sockets.at(-1).url, 'ticket-1');
  all.sockets.at(-1).hears(READY);
  await settle();
  assert.equal(offers(all).at(-1).generation, 1);
  assert.equal(all.states.at(-1), 'connecting');
});

test('the way that is remembered for a network is taken, however late the server names the network', async () => {
  const all = page();
  all.memory.way = (network) => (network === 'hotel' ? 'tls' : null);
  all.controller.tap();
  await settle();
  all.sockets[0].hears({ ...READY, network: 'hotel' });
  await settle();
  assert.deepEqual(
    all.peers.map(({ configurations }) => configurations[0].iceTransportPolicy),
    ['relay'],
  );
});

test('a call with a replaced ticket has as long to connect as any', async () => {
  const all = await tapped();
  all.sockets[0].hears({ type: 'error', code: 'ticket_used', message: '', retryable: true });
  await settle();
  all.sockets.at(-1).hears(READY);
  all.sockets.at(-1).hears({ type: 'answer', sdp: 'answer', generation: 1 });
  all.clock.pass(CONNECT_MS);
  assert.equal(all.states.at(-1), 'failed: network_blocked');
});

test('a page whose ticket is no longer good gets a fresh one at the tap', async () => {
  const all = page();
  all.sockets[0].hears({ type: 'error', code: 'ticket_invalid', message: '', retryable: false });
  await settle();
  assert.deepEqual(all.states, []);
  all.controller.tap();
  await settle();
  assert.equal(all.sockets.at(-1).url, 'ticket-1');
});

test('a path without DTLS is not yet a call', async () => {
  const all = await tapped();
  all.peers[0].iceConnectionState = 'connected';
  all.peers[0].oniceconnectionstatechange();
  assert.equal(all.states.at(-1), 'connecting');
});

test('a page that stayed open gets a fresh ticket at the tap', async () => {
  const all = page();
  all.sockets[0].hears(READY);
  all.clock.pass(TICKET_LASTS_MS + 1);
  all.controller.tap();
  await settle();
  assert.equal(all.sockets.at(-1).url, 'ticket-1');
});

test('hanging up says goodbye and gives the microphone back', async () => {
  const all = await connected();
  all.controller.hangUp();
  const last = all.sockets[0].sent.at(-1);
  assert.deepEqual(last, { type: 'bye', reason: 'hangup' });
  assert.equal(all.stopped, 1);
  assert.ok(all.peers[0].closed);
  assert.equal(all.clock.timers.size, 0);
});

test('a second call takes a new ticket', async () => {
  const all = await connected();
  all.controller.hangUp();
  all.controller.tap();
  await settle();
  all.sockets.at(-1).hears(READY);
  await settle();
  assert.equal(all.sockets.at(-1).url, 'ticket-1');
  assert.equal(all.peers.length, 2);
});

test('a refusal meant for an earlier call does not touch the next one', async () => {
  const all = page();
  all.sockets[0].hears(READY);
  let refuse;
  const granted = all.controller.tools.openMicrophone;
  all.controller.tools.openMicrophone = () =>
    new Promise((_, reject) => {
      refuse = reject;
    });
  all.controller.tap();
  await settle();
  all.controller.hangUp();
  all.controller.tools.openMicrophone = granted;
  all.controller.tap();
  await settle();
  assert.equal(all.states.at(-1), 'connecting');
  refuse(new Error('late'));
  await settle();
  assert.equal(all.states.at(-1), 'connecting');
});

test('a microphone that is allowed after the person hung up is closed', async () => {
  const all = page();
  all.sockets[0].hears(READY);
  let allow;
  const stream = await all.controller.tools.openMicrophone();
  all.controller.tools.openMicrophone = () =>
    new Promise((resolve) => {
      allow = resolve;
    });
  all.controller.tap();
  await settle();
  all.controller.hangUp();
  allow(stream);
  await settle();
  assert.deepEqual([all.states.at(-1), all.stopped], ['ended: hangup', 1]);
});

test('an ICE configuration that comes after the call opens no peer connection', async () => {
  const all = page();
  let give;
  all.controller.attempt.admission.ice = new Promise((resolve) => {
    give = resolve;
  });
  all.controller.tap();
  await settle();
  assert.equal(all.states.at(-1), 'connecting');
  all.controller.hangUp();
  give({ iceServers: SERVERS, ttl: 90 });
  await settle();
  assert.equal(all.peers.length, 0);
  assert.equal(all.clock.timers.size, 0);
});

test('a ticket that is refused while the ICE configuration is on its way leaves one peer connection', async () => {
  const all = page();
  all.sockets[0].hears(READY);
  let give;
  all.controller.attempt.admission.ice = new Promise((resolve) => {
    give = resolve;
  });
  all.controller.tap();
  await settle();
  all.sockets[0].hears({ type: 'error', code: 'ticket_expired', message: '', retryable: true });
  await settle();
  give({ iceServers: SERVERS, ttl: 90 });
  await settle();
  assert.equal(all.peers.filter(({ closed }) => !closed).length, 1);
});

test('a relay that is gone during a call is said to the server', async (context) => {
  context.mock.method(console, 'warn', () => {});
  const all = page({ way: 'tls' });
  all.sockets[0].opens();
  all.sockets[0].hears(READY);
  all.controller.tap();
  await settle();
  all.sockets[0].hears({ type: 'answer', sdp: 'answer', generation: 1 });
  await settle();
  change(all, 'connected');
  all.controller.attempt.admission.ice = Promise.resolve({ iceServers: [], ttl: 90 });
  dtlsFails(all);
  await settle();
  assert.equal(all.states.at(-1), 'failed: no_relay');
  const byes = all.sockets[0].sent.filter(({ type }) => type === 'bye');
  assert.deepEqual(byes, [{ type: 'bye', reason: 'no_relay' }]);
});

test('mute silences the track and keeps it', async () => {
  const all = await connected();
  all.controller.mute(true);
  assert.equal(all.track.enabled, false);
  all.controller.mute(false);
  assert.equal(all.track.enabled, true);
  assert.equal(all.stopped, 0);
});

test('an unexpected fault ends in a reason, not in silence', async (context) => {
  context.mock.method(console, 'error', () => {});
  const all = page();
  all.controller.tools.openMicrophone = async () => {
    throw new TypeError('surprise');
  };
  all.controller.tap();
  await settle();
  assert.equal(all.states.at(-1), 'failed: internal');
});
