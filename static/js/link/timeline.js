/**
 * Collects what happens on the page and sends it in batches for the server's timeline of the call.
 *
 * @typedef {Record<string, string|number|boolean|null>} Detail
 */

import { MAX_REPORT_EVENTS } from '../generated/shared.js';

const BATCH_MS = 1_000;
/** Further events are dropped. */
const MAX_WAITING = 200;

export class Timeline {
  /** @type {{at: number, kind: string, detail: Detail}[]} */
  events = [];
  /** @type {any} */
  timer = null;
  /** What the server's clock is ahead of the page's, ms. */
  ahead = 0;
  /** The round trip by which that is known, ms. */
  roundTrip = Infinity;

  /**
   * @param {(message: import('./signal.js').PageMessage) => void} send
   * @param {import('../lib/clock.js').Clock} clock
   */
  constructor(send, clock) {
    this.send = send;
    this.clock = clock;
  }

  /**
   * @param {string} kind
   * @param {Detail} [detail]
   */
  add(kind, detail = {}) {
    if (this.events.length >= MAX_WAITING) return;
    this.events.push({ at: this.clock.now(), kind, detail });
    this.timer ??= this.clock.setTimeout(() => this.flush(), BATCH_MS);
  }

  /**
   * Takes the answer to a ping. Of several, the one with the shortest round trip counts.
   *
   * @param {{at: number, now: number}} pong at: when the ping was sent; now: the server's time
   */
  compare({ at, now }) {
    const roundTrip = this.clock.now() - at;
    if (roundTrip > this.roundTrip) return;
    this.roundTrip = roundTrip;
    // A server of before says no time.
    this.ahead = Math.round(now - at - roundTrip / 2) || 0;
  }

  /** Sends what has been collected, now. */
  flush() {
    this.clock.clearTimeout(this.timer);
    this.timer = null;
    while (this.events.length) {
      const events = this.events.splice(0, MAX_REPORT_EVENTS);
      this.send({ type: 'report', events: events.map((event) => ({ ...event, at: event.at + this.ahead })) });
    }
  }
}
