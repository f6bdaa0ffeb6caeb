/**
 * Judges how a call went, from what is gathered while it is up.
 *
 * @typedef {'excellent'|'good'|'fair'|'poor'} Grade
 *
 * @typedef {object} Verdict
 * @property {Grade} grade
 * @property {number|null} rttMs the median
 * @property {number} lossPercent the share of the bot's packets that was lost
 * @property {number} interruptions
 */

import { percentile } from '../lib/percentile.js';
import { say } from '../lib/i18n.js';

/** A shorter outage is not mentioned. With the 400 ms that it takes to notice one, that is a second. */
export const NOTICED_MS = 600;

/**
 * The limits of each grade. ITU-T G.114: a delay below 150 ms in one direction is not noticed.
 *
 * @type {{grade: Grade, rttMs: number, lossPercent: number, interruptions: number}[]}
 */
const LIMITS = [
  { grade: 'excellent', rttMs: 150, lossPercent: 1, interruptions: 0 },
  { grade: 'good', rttMs: 300, lossPercent: 3, interruptions: 1 },
  { grade: 'fair', rttMs: 500, lossPercent: 10, interruptions: 3 },
];

export class CallQuality {
  /** @type {number[]} */
  rtts = [];
  before = { received: 0, lost: 0 };
  latest = { received: 0, lost: 0 };
  interruptions = 0;
  /** @type {number|null} */
  downAt = null;

  /** @param {import('../link/stats.js').Summary} summary */
  add({ rttMs, packetsReceived, packetsLost }) {
    if (rttMs !== null) this.rtts.push(rttMs);
    if (packetsReceived < this.latest.received) this.before = this.total;
    this.latest = { received: packetsReceived, lost: Math.max(0, packetsLost) };
  }

  /** The packets of all peer connections of the call; each one counts from zero. */
  get total() {
    const { before, latest } = this;
    return { received: before.received + latest.received, lost: before.lost + latest.lost };
  }

  /**
   * Counts the interruptions: outages that last longer than a moment.
   *
   * @param {import('./call.js').CallState} state
   * @param {number} now ms
   */
  moved(state, now) {
    if (state === 'recovering') this.downAt ??= now;
    else if (this.downAt !== null) {
      if (now - this.downAt > NOTICED_MS) this.interruptions += 1;
      this.downAt = null;
    }
  }

  /** @returns {Verdict|null} null: the call was too short */
  verdict() {
    const { received, lost } = this.total;
    if (!received) return null;
    const rttMs = this.rtts.length ? percentile(this.rtts, 0.5) : null;
    const lossPercent = Math.round((1000 * lost) / (received + lost)) / 10;
    const { interruptions } = this;
    const fits = LIMITS.find(
      (limit) =>
        (rttMs ?? 0) <= limit.rttMs && lossPercent <= limit.lossPercent && interruptions <= limit.interruptions,
    );
    return { grade: fits?.grade ?? 'poor', rttMs, lossPercent, interruptions };
  }
}

/** @type {Record<Grade, string>} */
const GRADES = {
  excellent: 'Excellent',
  good: 'Good',
  fair: 'Fair',
  poor: 'Poor',
};

/** @type {Record<string, string>} */
const INTERRUPTIONS = {
  0: 'no interruptions',
  1: 'one interruption',
  many: '{count} interruptions',
};

/** @type {Record<string, string>} */
const NETWORKS = {
  cellular: 'over your mobile network',
  wifi: 'over your Wi-Fi',
  ethernet: 'over your wired network',
};

/**
 * Puts a verdict into words.
 *
 * @param {Verdict} verdict
 * @param {string|undefined} network navigator.connection.type, if the browser tells
 * @param {string} [language] for the numbers
 * @returns {string} one line
 */
export function verdictLine({ grade, rttMs, lossPercent, interruptions }, network, language = 'en') {
  const parts = [
    rttMs === null ? '' : `${rttMs} ms`,
    lossPercent > LIMITS[0].lossPercent ? say('{share}% lost', { share: lossPercent.toLocaleString(language) }) : '',
    say(INTERRUPTIONS[interruptions] ?? INTERRUPTIONS.many, { count: interruptions }),
    say(NETWORKS[network ?? ''] ?? ''),
  ];
  const details = parts.filter(Boolean).join(say(', '));
  return say('{grade}: {details}.', { grade: say(GRADES[grade]), details });
}
