/**
 * Summarises what getStats() reports (W3C WebRTC Statistics).
 *
 * @typedef {object} Summary
 * @property {string} pairId the id of the selected pair; '' if there is none
 * @property {string} pair candidate types, local then remote; '' if no pair is selected
 * @property {string} protocol the protocol of the local candidate
 * @property {string} relayProtocol udp, tcp or tls if the local candidate is a relayed one
 * @property {number} at when the inbound statistics were taken, epoch ms
 * @property {number|null} rttMs
 * @property {number} answers the number of answers to this pair's STUN checks so far
 * @property {number|null} lossPercent the share that was lost of the packets due since the previous summary
 * @property {number|null} jitterMs
 * @property {number} packetsReceived
 * @property {number} packetsLost
 * @property {number} packetsSent
 * @property {number} samplesReceived audio samples played so far
 * @property {number} samplesConcealed how many of them were made up for lost or late packets
 * @property {boolean} isUdp whether the browser sends UDP, to the bot or to the relay
 * @property {string} network the phone's own address in it; '' if only the relay's is known
 * @property {import('./relay.js').Relay|null} relay the relay that the selected pair uses
 * @property {boolean} isSending whether packets were sent since the previous summary
 * @property {number|null} spokenEnergy the microphone's total audio energy so far; null: not known
 */

/**
 * @param {Iterable<any>} report the values of an RTCStatsReport
 * @param {Summary|null} previous
 * @returns {Summary}
 */
export function summarise(report, previous) {
  const stats = [...report];
  const pair = selectedPair(stats);
  const local = byId(stats, pair?.localCandidateId);
  const remote = byId(stats, pair?.remoteCandidateId);
  const inbound = stats.find((s) => s.type === 'inbound-rtp' && s.kind === 'audio');
  const outbound = stats.find((s) => s.type === 'outbound-rtp' && s.kind === 'audio');
  const sent = outbound?.packetsSent ?? 0;
  const received = inbound?.packetsReceived ?? 0;
  const lost = inbound?.packetsLost ?? 0;
  return {
    at: inbound?.timestamp ?? 0,
    pairId: pair?.id ?? '',
    pair: local && remote ? `${local.candidateType} → ${remote.candidateType}` : '',
    protocol: local?.protocol ?? '',
    relayProtocol: local?.relayProtocol ?? '',
    rttMs: milliseconds(pair?.currentRoundTripTime),
    answers: pair?.responsesReceived ?? 0,
    lossPercent: previous && loss(received - previous.packetsReceived, lost - previous.packetsLost),
    jitterMs: milliseconds(inbound?.jitter),
    packetsReceived: received,
    packetsLost: lost,
    packetsSent: sent,
    samplesReceived: inbound?.totalSamplesReceived ?? 0,
    samplesConcealed: inbound?.concealedSamples ?? 0,
    isUdp: local?.protocol === 'udp' && (local.relayProtocol ?? 'udp') === 'udp',
    network: local?.candidateType === 'relay' ? '' : (local?.address ?? ''),
    relay: relayOf(pair, local),
    spokenEnergy: stats.find((s) => s.type === 'media-source')?.totalAudioEnergy ?? null,
    isSending: previous !== null && sent > previous.packetsSent,
  };
}

/**
 * Finds the selected pair. Browsers mark it in two ways (docs/browsers.md#firefox-selected-pair).
 *
 * @param {any[]} stats
 * @returns {any}
 */
function selectedPair(stats) {
  const transport = stats.find((s) => s.type === 'transport' && s.selectedCandidatePairId);
  return (
    byId(stats, transport?.selectedCandidatePairId) ??
    stats.find((s) => s.type === 'candidate-pair' && s.selected) ??
    stats.find((s) => s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded')
  );
}

/**
 * @param {any} pair
 * @param {any} local
 * @returns {import('./relay.js').Relay|null}
 */
function relayOf(pair, local) {
  if (local?.candidateType !== 'relay') return null;
  return {
    url: local.url ?? '',
    protocol: local.relayProtocol ?? 'udp',
    pairId: pair.id,
    bytes: (pair.bytesSent ?? 0) + (pair.bytesReceived ?? 0),
  };
}

/**
 * @param {any[]} stats
 * @param {string|undefined} id
 * @returns {any}
 */
function byId(stats, id) {
  return id === undefined ? undefined : stats.find((s) => s.id === id);
}

/**
 * @param {number|undefined} seconds
 * @returns {number|null}
 */
function milliseconds(seconds) {
  return seconds === undefined ? null : Math.round(seconds * 1000);
}

/**
 * @param {number} received
 * @param {number} lost
 * @returns {number|null}
 */
function loss(received, lost) {
  const due = received + Math.max(0, lost);
  return due > 0 ? Math.round((1000 * Math.max(0, lost)) / due) / 10 : null;
}
