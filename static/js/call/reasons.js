/** The texts about a call that fails, ends or is interrupted, by the code of the reason. */

import { REASONS } from '../generated/reasons.js';

/** @typedef {import('../generated/reasons.js').Reason} Reason */

/**
 * @param {string} code
 * @returns {Reason} `internal` if the code comes from a newer server
 */
export function reasonFor(code) {
  return REASONS[code] ?? REASONS.internal;
}
