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

  /** Sends what has been collected, now. */
  flush() {
    this.clock.clearTimeout(this.timer);
    this.timer = null;
    while (this.events.length) {
      this.send({ type: 'report', events: this.events.splice(0, MAX_REPORT_EVENTS) });
    }
  }
}
