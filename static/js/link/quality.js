/**
 * Decides from packet loss and round trips whether a network cripples UDP. Some networks, such as a
 * captive portal's, let only a few packets through: ICE stays `connected` while the voice is gone.
 *
 * @typedef {object} Sample
 * @property {number} at ms
 * @property {number} packetsReceived
 * @property {number} packetsLost
 * @property {number|null} rttMs the round trip of the latest answer; null: not known, or not reliable
 * @property {number} answers the number of answers to STUN checks so far
 *
 * @typedef {object} Quality
 * @property {Sample|null} last
 * @property {number[]} losses share of packets lost in each of the last windows, newest last
 * @property {boolean[]} slow for each of the last answers, whether it took far longer than the best
 * @property {number} answers
 * @property {number} bestRttMs
 */

/** Time between two samples while something is wrong. */
export const WINDOW_MS = 250;

const WINDOWS = 12;
/**
 * UDP is crippled if nearly every window of three seconds loses more than this. Radio may lose a fifth
 * in each direction, and an echo shows the losses of both; a voice over UDP suffers less from that than
 * TCP does.
 */
export const BAD_LOSS = 0.45;
const NEARLY = 10;
/** It is crippled, too, if three windows in a row lose more than this. One may be a short outage. */
const TERRIBLE_LOSS = 0.65;
const TERRIBLE_WINDOWS = 3;
/** A window with fewer packets is extended: it says nothing about loss yet. */
const ENOUGH = 4;
/**
 * Above this loss, missing packets count as lost, for if the bot hears little, its echo sends little. Firefox
 * does not count them (docs/browsers.md#firefox-lost-not-counted).
 */
const SOME_LOSS = 0.2;
const PACKET_MS = 20;
/** It is crippled, too, after so many slow answers in a row; they are one to three seconds apart. */
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
 * @returns {boolean} whether this path carries too little for a conversation
 */
export function isDegraded({ losses, slow }) {
  const isTerrible = losses.map((share) => share > TERRIBLE_LOSS);
  if (lastAll(isTerrible, TERRIBLE_WINDOWS) || lastAll(slow, SLOW_ANSWERS)) return true;
  return losses.length === WINDOWS && losses.filter((share) => share > BAD_LOSS).length >= NEARLY;
}

/**
 * @param {Quality} quality
 * @returns {{losses: string, slow: number}} for the timeline: losses in per cent, and the number of slow answers
 */
export function describe({ losses, slow }) {
  const percent = losses.map((share) => Math.round(100 * share));
  return { losses: percent.join(' '), slow: slow.filter(Boolean).length };
}

/**
 * @param {Quality} quality
 * @returns {boolean} whether the latest window or answer was bad
 */
export function isSuspect({ losses, slow }) {
  return (losses.at(-1) ?? 0) > BAD_LOSS || Boolean(slow.at(-1));
}

/**
 * @param {boolean[]} list
 * @param {number} count
 * @returns {boolean} whether the last ones, so many, are all true
 */
function lastAll(list, count) {
  return list.length >= count && list.slice(-count).every(Boolean);
}

/**
 * @template T
 * @param {T[]} list
 * @param {T} item
 * @returns {T[]} the list with the item added, as long as the windows that count
 */
function newest(list, item) {
  return [...list, item].slice(-WINDOWS);
}

/**
 * @param {Sample} last
 * @param {Sample} sample
 * @returns {number|null} share of packets lost, 0 to 1; null: too few packets
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
