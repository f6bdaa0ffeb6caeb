/**
 * Returns a percentile by the nearest-rank method.
 *
 * @param {number[]} values at least one, in any order
 * @param {number} share 0 to 1; 0.5 is the median
 * @returns {number}
 */
export function percentile(values, share) {
  return [...values].sort((a, b) => a - b)[Math.ceil(share * values.length) - 1];
}
