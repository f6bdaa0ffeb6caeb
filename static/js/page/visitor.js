/**
 * Decides when a visitor at a stand has left, so that the screen is ready for the next one.
 *
 * @typedef {object} VisitorEvents
 * @property {(seconds: number|null) => void} onSeconds left until then; null: there is no countdown
 * @property {() => void} onWalkedOff nobody has been heard in the call for two minutes
 * @property {() => Promise<boolean>} isHomeThere whether the stand's screen can be loaded now
 * @property {() => void} goHome load that screen
 */

import { isLive } from '../call/call.js';

/** Without a sign of life before the call, the visitor has left. */
const IDLE_S = 60;
/** After the call: long enough to read how it went, or to have it read out. */
const OVER_S = 30;
/** Without a sign of life during the call, the visitor has left. */
const CALL_S = 120;
/** Without a network the screen stays, as nobody is there to reload an error page. It tries again. */
const RETRY_S = 5;

export class Visitor {
  /** @type {import('../call/call.js').CallState} */
  state = 'idle';
  timer = null;
  /** Signs of life so far. A new one cancels what was begun before it. */
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

  /** There is a sign of life: somebody touches the screen, or talks. */
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
   * Plans something, instead of what was planned before.
   *
   * @param {number} seconds
   * @param {() => void} then
   */
  after(seconds, then) {
    this.clock.clearTimeout(this.timer);
    this.timer = this.clock.setTimeout(then, 1000 * seconds);
  }
}
