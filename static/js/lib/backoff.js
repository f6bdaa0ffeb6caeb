/**
 * Returns the wait before an attempt. The last wait repeats for all later attempts.
 *
 * @param {readonly number[]} waits before the first, second, … attempt
 * @param {number} index the number of the attempt, from 0
 * @returns {number}
 */
export function nth(waits, index) {
  return waits[Math.min(index, waits.length - 1)];
}
