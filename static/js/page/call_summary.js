/** Sums up a call for the person once it has ended. */

import { CallQuality, verdictLine } from '../call/verdict.js';

export class CallSummary {
  quality = new CallQuality();

  /**
   * @param {import('../call/call.js').CallState} state of the call
   * @param {number} now ms
   */
  moved(state, now) {
    if (state === 'asking-mic') this.quality = new CallQuality();
    this.quality.moved(state, now);
  }

  /** @param {import('../link/stats.js').Summary} summary */
  add(summary) {
    this.quality.add(summary);
  }

  /**
   * @param {string} language
   * @returns {string} one line; '' if the call was too short
   */
  line(language) {
    const { connection } = /** @type {{connection?: {type?: string}}} */ (navigator);
    const verdict = this.quality.verdict();
    return verdict ? verdictLine(verdict, connection?.type, language) : '';
  }
}
