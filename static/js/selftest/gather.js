/**
 * Gathers the browser's own candidates (RFC 8445, 5.1.1) without a call.
 *
 * @typedef {Pick<RTCIceCandidate, 'type'|'protocol'|'address'|'port'|'relatedAddress'|'relatedPort'>} Found
 */

/** STUN servers answer within a round trip; a later answer was lost or is blocked. */
export const GATHER_MS = 3_000;

/**
 * @param {RTCPeerConnection} pc configured with the servers to ask; closed afterwards
 * @param {import('../lib/clock.js').Clock} clock
 * @returns {Promise<Found[]>}
 */
export async function gather(pc, clock) {
  /** @type {Found[]} */
  const found = [];
  pc.createDataChannel('gather');
  await new Promise((resolve) => {
    pc.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate) found.push(candidate);
      else if (!candidate) resolve(null);
    };
    clock.setTimeout(() => resolve(null), GATHER_MS);
    pc.createOffer().then((offer) => pc.setLocalDescription(offer));
  });
  pc.close();
  return found;
}
