/**
 * What a module takes from the browser, so that a test can hand it something else.
 *
 * @typedef {object} Clock
 * @property {() => number} now milliseconds
 * @property {(then: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 */

/** @type {Clock} */
export const clock = {
  now: () => Math.round(performance.timeOrigin + performance.now()),
  setTimeout: (then, ms) => setTimeout(then, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};
