/** TURN credentials expire; fresh ones are asked for over the socket while there is time. */

/** Asked for this long before they expire, or after this share of a short life. */
const AHEAD_MS = 5 * 60_000;
const SHARE = 0.6;
/** What a slow provider has is there by then; one that failed is left alone for ten seconds. */
const PARTIAL_MS = 12_000;
/** Without an answer they are asked for again. */
const AGAIN_MS = 15_000;

/**
 * @param {number} ttl seconds
 * @returns {number} ms until it is time to ask for others
 */
export function refreshAfter(ttl) {
  const lasts = ttl * 1000;
  return Math.max(SHARE * lasts, lasts - AHEAD_MS);
}

/**
 * @param {RTCIceServer[]} servers
 * @returns {boolean} whether there is a TURN server among them
 */
export function hasRelay(servers) {
  return servers.some(({ credential }) => credential);
}

export class Credentials {
  /** @type {any} */
  timer = null;

  /**
   * @param {() => void} ask
   * @param {import('../lib/clock.js').Clock} clock
   */
  constructor(ask, clock) {
    this.ask = ask;
    this.clock = clock;
  }

  /** @param {import('./api.js').IceConfiguration} configuration in use from now on */
  took({ iceServers, ttl, partial, at = this.clock.now() }) {
    this.stop();
    const age = this.clock.now() - at;
    if (partial) this.askAfter(PARTIAL_MS);
    else if (hasRelay(iceServers)) this.askAfter(Math.max(0, refreshAfter(ttl) - age));
  }

  stop() {
    this.clock.clearTimeout(this.timer);
  }

  /** @param {number} ms */
  askAfter(ms) {
    this.timer = this.clock.setTimeout(() => {
      this.ask();
      this.askAfter(AGAIN_MS);
    }, ms);
  }
}
