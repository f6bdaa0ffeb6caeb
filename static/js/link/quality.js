/**
 * Is UDP being crippled here? A captive portal lets a few packets through: ICE stays `connected`
 * while the voice is gone. States cannot be trusted, packets can.
 *
 * @typedef {object} Sample
 * @property {number} at ms
 * @property {number} packetsReceived
 * @property {number} packetsLost
 * @property {number|null} rttMs of the latest answer; null: not known, or not to be relied on
 * @property {number} answers to checks, so far
 *
 * @typedef {object} Quality
 * @property {Sample|null} last
 * @property {number[]} losses share of the packets lost in each of the last windows, newest last
 * @property {boolean[]} slow whether each of the last answers took far longer than the best
 * @property {number} answers
 * @property {number} bestRttMs
 */

/** How far apart the samples are, once one of them was bad. */
export const WINDOW_MS = 250;

const WINDOWS = 12;
/**
 * More than this in nearly every window of three seconds… Radio may lose a fifth each way, of which an
 * echo shows both, and TCP suffers more from that than a voice does over UDP.
 */
export const BAD_LOSS = 0.45;
const NEARLY = 10;
/** …or than this in three on end. One alone may be a short outage that is already over. */
const TERRIBLE_LOSS = 0.65;
const TERRIBLE_WINDOWS = 3;
/** Fewer packets than this say nothing about loss yet: they go into the next window. */
const ENOUGH = 4;
/** While more than this is lost, what never came counts as well: an echo of little is little. */
const SOME_LOSS = 0.2;
const PACKET_MS = 20;
/** So many slow answers on end; between two there are one to three seconds. */
const SLOW_ANSWERS = 3;
const RTT_FACTOR = 4;
const RTT_FLOOR_MS = 100;

/** @type {Quality} */
export const UNKNOWN = { last: null, losses: [], slow: [], answers: 0, bestRttMs: Infinity };

/**
 * @param {Quality} quality
 * @param {Sample} sample
 * @returns {Quality}
 */
export function take(quality, sample) {
  const { last } = quality;
  const rtt = sample.rttMs ?? quality.bestRttMs;
  const isSlow = rtt > RTT_FACTOR * Math.max(RTT_FLOOR_MS, quality.bestRttMs);
  const isAnswered = sample.answers !== quality.answers;
  const share = last ? loss(last, sample) : 0;
  return {
    last: share === null ? last : sample,
    losses: last && share !== null ? newest(quality.losses, share) : quality.losses,
    slow: isAnswered ? newest(quality.slow, isSlow) : quality.slow,
    answers: sample.answers,
    bestRttMs: Math.min(quality.bestRttMs, rtt),
  };
}

/**
 * @param {Quality} quality
 * @returns {boolean} whether this path carries too little to talk over
 */
export function isDegraded({ losses, slow }) {
  const isTerrible = losses.map((share) => share > TERRIBLE_LOSS);
  if (lastAll(isTerrible, TERRIBLE_WINDOWS) || lastAll(slow, SLOW_ANSWERS)) return true;
  return losses.length === WINDOWS && losses.filter((share) => share > BAD_LOSS).length >= NEARLY;
}

/**
 * @param {Quality} quality
 * @returns {{losses: string, slow: number}} for the timeline: per cent, and how many answers were
 */
export function describe({ losses, slow }) {
  const percent = losses.map((share) => Math.round(100 * share));
  return { losses: percent.join(' '), slow: slow.filter(Boolean).length };
}

/**
 * @param {Quality} quality
 * @returns {boolean} whether the latest window was a bad one
 */
export function isSuspect({ losses, slow }) {
  return (losses.at(-1) ?? 0) > BAD_LOSS || Boolean(slow.at(-1));
}

/**
 * @param {boolean[]} list
 * @param {number} count
 * @returns {boolean}
 */
function lastAll(list, count) {
  return list.length >= count && list.slice(-count).every(Boolean);
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
  const received = sample.packetsReceived - last.packetsReceived;
  const due = received + lost;
  if (due < ENOUGH) return null;
  const share = lost / due;
  const missing = 1 - (received * PACKET_MS) / (sample.at - last.at);
  return share > SOME_LOSS ? Math.max(share, missing) : share;
}
