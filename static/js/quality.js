/**
 * Is UDP being crippled here? A captive portal lets a few packets through: ICE stays `connected`
 * while the voice is gone. States cannot be trusted, packets can.
 *
 * @typedef {object} Sample
 * @property {number} packetsReceived
 * @property {number} packetsLost
 * @property {number|null} rttMs
 *
 * @typedef {object} Quality
 * @property {Sample|null} last
 * @property {number[]} losses share of the packets lost in each of the last windows, newest last
 * @property {boolean[]} slow whether the round trip was far over its best in each of them
 * @property {number} bestRttMs
 */

/** How far apart the samples are, once one of them was bad. */
export const WINDOW_MS = 250;

const WINDOWS = 12;
/** More than this in nearly every window of three seconds… */
const BAD_LOSS = 0.15;
const NEARLY = 10;
/** …or than this in three on end. One alone may be a short outage that is already over. */
const TERRIBLE_LOSS = 0.5;
const TERRIBLE_WINDOWS = 3;
/** Fewer packets than this say nothing about loss yet: they go into the next window. */
const ENOUGH = 4;
const RTT_FACTOR = 4;
const RTT_FLOOR_MS = 100;

/** @type {Quality} */
export const UNKNOWN = { last: null, losses: [], slow: [], bestRttMs: Infinity };

/**
 * @param {Quality} quality
 * @param {Sample} sample
 * @returns {Quality}
 */
export function take(quality, sample) {
  const { last } = quality;
  const rtt = sample.rttMs ?? quality.bestRttMs;
  const share = last ? loss(last, sample) : 0;
  return {
    last: share === null ? last : sample,
    losses: last && share !== null ? newest(quality.losses, share) : quality.losses,
    slow: newest(quality.slow, rtt > RTT_FACTOR * Math.max(RTT_FLOOR_MS, quality.bestRttMs)),
    bestRttMs: Math.min(quality.bestRttMs, rtt),
  };
}

/**
 * @param {Quality} quality
 * @returns {boolean} whether this path carries too little to talk over
 */
export function isDegraded({ losses, slow }) {
  const lately = losses.slice(-TERRIBLE_WINDOWS);
  if (lately.length === TERRIBLE_WINDOWS && lately.every((share) => share > TERRIBLE_LOSS)) return true;
  return nearlyAll(losses.map((share) => share > BAD_LOSS)) || nearlyAll(slow);
}

/**
 * @param {Quality} quality
 * @returns {boolean} whether the latest window was a bad one
 */
export function isSuspect({ losses, slow }) {
  return (losses.at(-1) ?? 0) > BAD_LOSS || Boolean(slow.at(-1));
}

/**
 * @param {boolean[]} windows
 * @returns {boolean}
 */
function nearlyAll(windows) {
  return windows.length === WINDOWS && windows.filter(Boolean).length >= NEARLY;
}

/**
 * @template T
 * @param {T[]} list
 * @param {T} item
 * @returns {T[]}
 */
function newest(list, item) {
  return [...list, item].slice(-WINDOWS);
}

/**
 * @param {Sample} last
 * @param {Sample} sample
 * @returns {number|null} 0 to 1, where there are enough of them
 */
function loss(last, sample) {
  const lost = Math.max(0, sample.packetsLost - last.packetsLost);
  const due = sample.packetsReceived - last.packetsReceived + lost;
  return due >= ENOUGH ? lost / due : null;
}
