/**
 * Counts what a call sends through a TURN server, which costs money by the byte.
 *
 * @typedef {object} Relay
 * @property {string} url the URL of the TURN server
 * @property {'udp'|'tcp'|'tls'} protocol between the browser and it
 * @property {string} pairId
 * @property {number} bytes through this candidate pair so far, in both directions
 */

export const TELL_MS = 10_000;

/** After a longer gap between two samples the page was frozen, and hardly anything was relayed. */
const MAX_GAP_MS = 60_000;

export class RelayMeter {
  /** @type {Relay|null} */
  last = null;
  lookedAt = 0;
  toldAt = 0;
  bytes = 0;
  ms = 0;

  /** @param {(message: import('./signal.js').PageMessage) => void} send */
  constructor(send) {
    this.send = send;
  }

  /**
   * Takes a sample.
   *
   * @param {Relay|null} relay the relay that the selected pair uses; null: none
   * @param {number} now ms
   */
  look(relay, now) {
    const { last } = this;
    if (last && relay?.pairId !== last.pairId) this.tell(now);
    if (relay && relay.pairId === last?.pairId) {
      this.bytes += Math.max(0, relay.bytes - last.bytes);
      this.ms += Math.min(MAX_GAP_MS, now - this.lookedAt);
    }
    this.last = relay;
    this.lookedAt = now;
    if (now - this.toldAt >= TELL_MS) this.tell(now);
  }

  /**
   * Tells the server what was relayed since the last time.
   *
   * @param {number} now ms
   */
  tell(now) {
    this.toldAt = now;
    if (!this.last || !this.bytes) return;
    const { url, protocol } = this.last;
    this.send({ type: 'relayed', url, protocol, bytes: this.bytes, ms: Math.round(this.ms) });
    this.bytes = this.ms = 0;
  }
}
