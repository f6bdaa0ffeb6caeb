import assert from 'node:assert/strict';
import test from 'node:test';

import { configurationFor } from '../../static/js/ice.js';

const SERVERS = [
  { urls: ['stun:s.example'] },
  {
    urls: [
      'turn:t.example?transport=udp',
      'turn:t.example?transport=tcp',
      'turns:t.example:443?transport=tcp',
    ],
    username: 'u',
    credential: 'c',
  },
];

const urls = (configuration) => configuration.iceServers.flatMap((server) => server.urls);

test('by default everything the server offers is used', () => {
  const configuration = configurationFor(SERVERS, 'all');
  assert.deepEqual(configuration.iceServers, SERVERS);
  assert.equal(configuration.iceTransportPolicy, 'all');
  assert.equal(configuration.bundlePolicy, 'max-bundle');
});

test('each forced way keeps its own relays and their credentials', () => {
  const kept = { relay: SERVERS[1].urls, tcp: [SERVERS[1].urls[1]], tls: [SERVERS[1].urls[2]] };
  for (const [way, expected] of Object.entries(kept)) {
    const configuration = configurationFor(SERVERS, way);
    assert.deepEqual(urls(configuration), expected, way);
    assert.equal(configuration.iceTransportPolicy, 'relay');
    assert.equal(configuration.iceServers[0].credential, 'c');
  }
});

test('a single URL as a string is one of a list', () => {
  const configuration = configurationFor([{ urls: 'turn:t.example' }], 'relay');
  assert.deepEqual(urls(configuration), ['turn:t.example']);
});
