import assert from 'node:assert/strict';
import test from 'node:test';

import {
  WAYS,
  configurationFor,
  exists,
  fits,
  hasRelay,
  keepFitting,
  relayUrl,
  rungs,
} from '../../static/js/link/ice.js';

const SERVERS = [
  { urls: ['stun:s.example'] },
  {
    urls: ['turn:t.example?transport=udp', 'turn:t.example?transport=tcp', 'turns:t.example:443?transport=tcp'],
    username: 'u',
    credential: 'c',
  },
];

const urls = (configuration) => configuration.iceServers.flatMap((server) => server.urls);

test('by default every server is used', () => {
  const configuration = configurationFor(SERVERS, 'all');
  assert.deepEqual(configuration.iceServers, SERVERS);
  assert.equal(configuration.iceTransportPolicy, 'all');
  assert.equal(configuration.bundlePolicy, 'max-bundle');
});

test('each forced way keeps its own relays and their credentials', () => {
  const kept = {
    relay: SERVERS[1].urls,
    udp: [SERVERS[1].urls[0]],
    tcp: [SERVERS[1].urls[1]],
    tls: [SERVERS[1].urls[2]],
  };
  for (const [way, expected] of Object.entries(kept)) {
    const configuration = configurationFor(SERVERS, way);
    assert.deepEqual(urls(configuration), expected, way);
    assert.equal(configuration.iceTransportPolicy, 'relay');
    assert.equal(configuration.iceServers[0].credential, 'c');
  }
});

test('the relay of a protocol is the one offered for it', () => {
  assert.equal(relayUrl(SERVERS, 'udp'), 'turn:t.example?transport=udp');
  assert.equal(relayUrl(SERVERS, 'tls'), 'turns:t.example:443?transport=tcp');
  assert.equal(relayUrl([{ urls: 'stun:s.example' }], 'udp'), '');
});

test('a single URL as a string is one of a list', () => {
  const configuration = configurationFor([{ urls: 'turn:t.example' }], 'relay');
  assert.deepEqual(urls(configuration), ['turn:t.example']);
});

test('the ladder has the rungs that these servers give', () => {
  assert.deepEqual(rungs(SERVERS), ['all', 'udp', 'tcp', 'tls', 'ice-tcp']);
  assert.deepEqual(rungs([SERVERS[0]]), ['all', 'ice-tcp']);
  assert.deepEqual(rungs([{ urls: 'turn:t.example' }]), ['all', 'udp', 'ice-tcp']);
});

test('ICE-TCP takes all servers, and keeps UDP candidates from either side', () => {
  const configuration = configurationFor(SERVERS, 'ice-tcp');
  assert.equal(configuration.iceTransportPolicy, 'all');
  const udp = 'candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host';
  const tcp = 'candidate:2 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active';
  assert.ok(fits(udp, 'all') && fits(tcp, 'all') && fits(tcp, 'ice-tcp'));
  assert.ok(!fits(udp, 'ice-tcp'));
  const sdp = `v=0\r\na=${udp}\r\na=${tcp}\r\na=mid:0\r\n`;
  assert.equal(keepFitting(sdp, 'ice-tcp'), `v=0\r\na=${tcp}\r\na=mid:0\r\n`);
  assert.equal(keepFitting(sdp, 'tls'), sdp);
});

test('straight through needs no relay, and no TCP of either side', () => {
  const configuration = configurationFor(SERVERS, 'direct');
  assert.deepEqual(urls(configuration), ['stun:s.example']);
  assert.equal(configuration.iceTransportPolicy, 'all');
  assert.ok(fits('candidate:1 1 udp 2113937151 192.0.2.1 5000 typ host', 'direct'));
  assert.ok(!fits('candidate:1 1 TCP 1518280447 192.0.2.1 9 typ host tcptype active', 'direct'));
});

test('a way exists unless it needs a relay and there is none', () => {
  const stun = [SERVERS[0]];
  const udpOnly = [{ ...SERVERS[1], urls: [SERVERS[1].urls[0]] }];
  assert.deepEqual(
    WAYS.filter((way) => exists(way, stun)),
    ['all', 'direct', 'ice-tcp'],
  );
  assert.deepEqual(
    WAYS.filter((way) => exists(way, udpOnly)),
    ['all', 'direct', 'relay', 'udp', 'ice-tcp'],
  );
  assert.deepEqual([hasRelay(stun), hasRelay(udpOnly)], [false, true]);
});
