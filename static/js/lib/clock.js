/**
 * Time and timers. Modules take them as an argument, so that a test can control them.
 *
 * @typedef {object} Clock
 * @property {() => number} now epoch ms; never goes back
 * @property {(then: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 */

/** @type {Clock} */
export const clock = {
  now: () => Math.round(performance.timeOrigin + performance.now()),
  setTimeout: (then, ms) => setTimeout(then, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};

/**
 * Resolves after a while.
 *
 * @param {Clock} clock
 * @param {number} ms
 * @returns {Promise<void>}
 */
export function sleep(clock, ms) {
  return new Promise((resolve) => {
    clock.setTimeout(resolve, ms);
  });
}
