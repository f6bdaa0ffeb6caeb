/**
 * A phone that is passed round at a stand: when somebody is done with it, it makes itself ready for
 * the next one.
 *
 * @typedef {object} VisitorEvents
 * @property {(seconds: number|null) => void} onSeconds left before it does; null: it has no such plan
 * @property {() => void} onGone it is time
 */

import { isLive } from './call.js';

/** Whoever walks away before the call. */
const IDLE_S = 60;
/** Long enough to read how the call went. */
const OVER_S = 15;

export class Visitor {
  /** @type {import('./call.js').CallState} */
  state = 'idle';
  timer = null;

  /**
   * @param {VisitorEvents} events
   * @param {import('./world.js').Clock} clock
   */
  constructor(events, clock) {
    this.events = events;
    this.clock = clock;
    this.touched();
  }

  /** @param {import('./call.js').CallState} state of the call */
  moved(state) {
    this.state = state;
    this.touched();
  }

  /** Somebody is there. */
  touched() {
    this.clock.clearTimeout(this.timer);
    if (isLive(this.state)) this.events.onSeconds(null);
    else this.count(this.state === 'idle' ? IDLE_S : OVER_S);
  }

  /** @param {number} seconds */
  count(seconds) {
    this.events.onSeconds(this.state === 'idle' ? null : seconds);
    if (seconds) this.timer = this.clock.setTimeout(() => this.count(seconds - 1), 1000);
    else this.events.onGone();
  }
}
