import assert from 'node:assert/strict';
import test from 'node:test';

import { summarise } from '../../static/js/link/stats.js';

const LOCAL = { id: 'l', type: 'local-candidate', candidateType: 'relay', protocol: 'udp', relayProtocol: 'tls' };
const REMOTE = { id: 'r', type: 'remote-candidate', candidateType: 'host', protocol: 'udp' };
const PAIR = {
  id: 'p',
  type: 'candidate-pair',
  localCandidateId: 'l',
  remoteCandidateId: 'r',
  currentRoundTripTime: 0.038,
};
const inbound = (packetsReceived, packetsLost) => ({
  id: 'i',
  type: 'inbound-rtp',
  kind: 'audio',
  packetsReceived,
  packetsLost,
  jitter: 0.004,
});

test('the selected pair is found in Chromium, which names it in the transport', () => {
  const transport = { id: 't', type: 'transport', selectedCandidatePairId: 'p' };
  const other = { id: 'o', type: 'candidate-pair', nominated: true, state: 'succeeded' };
  const summary = summarise([other, transport, PAIR, LOCAL, REMOTE, inbound(100, 0)], null);
  assert.equal(summary.pair, 'relay → host');
  assert.equal(summary.relayProtocol, 'tls');
  assert.equal(summary.rttMs, 38);
  assert.equal(summary.jitterMs, 4);
});

test('the selected pair is found in Firefox, which marks it', () => {
  const summary = summarise([{ ...PAIR, selected: true }, LOCAL, REMOTE], null);
  assert.equal(summary.pair, 'relay → host');
});

test('loss is counted since the previous summary', () => {
  const first = summarise([inbound(1000, 50)], null);
  assert.equal(first.lossPercent, null);
  assert.equal(summarise([inbound(1090, 60)], first).lossPercent, 10);
  assert.equal(summarise([inbound(1000, 50)], first).lossPercent, null);
  assert.equal(summarise([inbound(1050, 48)], first).lossPercent, 0);
});

test('before a pair is selected the summary is empty', () => {
  const summary = summarise([], null);
  assert.equal(summary.pair, '');
  assert.equal(summary.rttMs, null);
});

test('UDP and TCP are told apart, to the bot and to the relay', () => {
  const over = (local) => summarise([{ ...PAIR, selected: true }, { ...LOCAL, ...local }, REMOTE], null).isUdp;
  assert.equal(over({ relayProtocol: 'tls' }), false);
  assert.equal(over({ relayProtocol: 'udp' }), true);
  assert.equal(over({ candidateType: 'host', relayProtocol: undefined }), true);
  assert.equal(over({ candidateType: 'host', relayProtocol: undefined, protocol: 'tcp' }), false);
});

test('the phone’s own address tells one network from another', () => {
  const on = (local) => summarise([{ ...PAIR, selected: true }, { ...LOCAL, ...local }, REMOTE], null).network;
  assert.equal(on({ candidateType: 'host', address: '192.0.2.1' }), '192.0.2.1');
  assert.equal(on({ candidateType: 'relay', address: '203.0.113.9' }), '');
});

test('a page whose microphone was taken away does not send', () => {
  const sent = (packetsSent) => [{ type: 'outbound-rtp', kind: 'audio', packetsSent }];
  const first = summarise(sent(100), null);
  assert.equal(summarise(sent(125), first).isSending, true);
  assert.equal(summarise(sent(100), first).isSending, false);
});
