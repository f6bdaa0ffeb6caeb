/** Asks for new TURN credentials over the socket before the present ones expire. */

import { hasRelay } from './ice.js';

/** Ask this long before they expire, or after this share of their life if that is later. */
const AHEAD_MS = 5 * 60_000;
const SHARE = 0.6;
/** A slow provider has answered by then; the server does not ask a failed one again for ten seconds. */
const PARTIAL_MS = 12_000;
/** Ask again if nothing has come after this long. */
const AGAIN_MS = 15_000;

/**
 * Returns how long to wait before new credentials are asked for.
 *
 * @param {number} ttl seconds that the present ones are valid
 * @returns {number} ms
 */
export function refreshAfter(ttl) {
  const lasts = ttl * 1000;
  return Math.max(SHARE * lasts, lasts - AHEAD_MS);
}

export class Credentials {
  /** @type {any} */
  timer = null;

  /**
   * @param {() => void} ask sends the request; the answer is passed to `took`
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
