/** What a call sends through a relay: somebody pays for it by the byte. */

export const TELL_MS = 10_000;

/** Between two looks further apart than this the page was frozen, and hardly anything was relayed. */
const MAX_LOOK_MS = 60_000;

/**
 * @typedef {object} Relay
 * @property {string} url of the TURN server
 * @property {'udp'|'tcp'|'tls'} protocol to it
 * @property {string} pairId
 * @property {number} bytes through this candidate pair so far, both ways
 */

export class RelayMeter {
  /** @type {Relay|null} */
  last = null;
  lookedAt = 0;
  toldAt = 0;
  bytes = 0;
  ms = 0;

  /** @param {(message: import('./signal.js').Message) => void} send */
  constructor(send) {
    this.send = send;
  }

  /**
   * @param {Relay|null} relay the selected pair's; null: it needs none
   * @param {number} now
   */
  look(relay, now) {
    const { last } = this;
    if (last && relay?.pairId !== last.pairId) this.tell(now);
    if (relay && relay.pairId === last?.pairId) {
      this.bytes += Math.max(0, relay.bytes - last.bytes);
      this.ms += Math.min(MAX_LOOK_MS, now - this.lookedAt);
    }
    this.last = relay;
    this.lookedAt = now;
    if (now - this.toldAt >= TELL_MS) this.tell(now);
  }

  /** @param {number} now */
  tell(now) {
    this.toldAt = now;
    if (!this.last || !this.bytes) return;
    const { url, protocol } = this.last;
    this.send({ type: 'relayed', url, protocol, bytes: this.bytes, ms: Math.round(this.ms) });
    this.bytes = this.ms = 0;
  }
}
