/**
 * A phone that is passed round at a stand: when somebody is done with it, it makes itself ready for
 * the next one.
 *
 * @typedef {object} VisitorEvents
 * @property {(seconds: number|null) => void} onSeconds left before it does; null: it has no such plan
 * @property {() => void} onWalkedOff nobody has been heard in the call for long
 * @property {() => Promise<boolean>} isHomeThere whether the stand's screen could be had now
 * @property {() => void} goHome to that screen
 */

import { isLive } from '../call/call.js';

/** Whoever walks away before the call. */
const IDLE_S = 60;
/** Long enough to read, or to be read, how the call went. */
const OVER_S = 30;
/** Whoever walks away in the middle of it. */
const CALL_S = 120;
/** Nobody is there to reload a page that says that there is no network. */
const RETRY_S = 5;

export class Visitor {
  /** @type {import('../call/call.js').CallState} */
  state = 'idle';
  timer = null;
  /** Signs of life so far: what was begun before the last one is not gone on with. */
  signs = 0;

  /**
   * @param {VisitorEvents} events
   * @param {import('../lib/clock.js').Clock} clock
   */
  constructor(events, clock) {
    this.events = events;
    this.clock = clock;
    this.isThere();
  }

  /** @param {import('../call/call.js').CallState} state of the call */
  moved(state) {
    this.state = state;
    this.isThere();
  }

  /** Somebody touches it, or is talking. */
  isThere() {
    this.signs += 1;
    if (isLive(this.state)) {
      this.events.onSeconds(null);
      this.after(CALL_S, this.events.onWalkedOff);
    } else this.count(this.state === 'idle' ? IDLE_S : OVER_S);
  }

  /** @param {number} seconds */
  count(seconds) {
    this.events.onSeconds(this.state === 'idle' ? null : seconds);
    if (seconds) this.after(1, () => this.count(seconds - 1));
    else this.leave();
  }

  async leave() {
    const { signs } = this;
    const isThere = await this.events.isHomeThere();
    if (signs !== this.signs) return;
    if (isThere) this.events.goHome();
    else this.after(RETRY_S, () => this.leave());
  }

  /**
   * In place of whatever was planned before.
   *
   * @param {number} seconds
   * @param {() => void} then
   */
  after(seconds, then) {
    this.clock.clearTimeout(this.timer);
    this.timer = this.clock.setTimeout(then, 1000 * seconds);
  }
}
