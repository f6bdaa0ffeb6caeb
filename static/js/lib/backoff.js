/**
 * @param {readonly number[]} waits before the first, second, … attempt
 * @param {number} index
 * @returns {number} the last one, where there are not so many
 */
export function nth(waits, index) {
  return waits[Math.min(index, waits.length - 1)];
}
