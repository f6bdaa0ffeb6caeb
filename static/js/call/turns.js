/** How long the person waits for an answer: from the end of what they say to the bot's first sound. */

import { percentile } from '../lib/percentile.js';

/** With longer waits a conversation feels like a walkie-talkie. */
export const BUDGET_MS = 1400;

/**
 * Summarises the waits.
 *
 * @param {number[]} waits in ms, newest last; at least one
 * @returns {string} for the developer panel
 */
export function turnLine(waits) {
  const share = (/** @type {number} */ part) => percentile(waits, part);
  const over = waits.filter((ms) => ms > BUDGET_MS).length;
  const verdict = over ? `${over} of ${waits.length} over the budget of ${BUDGET_MS} ms` : `budget ${BUDGET_MS} ms`;
  return `${waits[waits.length - 1]} ms (p50 ${share(0.5)}, p95 ${share(0.95)}; ${verdict})`;
}
