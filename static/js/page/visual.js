/**
 * Both voices around the button: two rings whose outlines are the spectra. Canvas alone, no DOM.
 *
 * @typedef {object} Ring
 * @property {Float32Array} bands 0 to 1 each, the lowest first
 * @property {string} color
 * @property {number} radius where it is silent, as a share of half the picture
 * @property {number} opacity
 */

/** Of a quarter of the outline; the others are its mirror images. */
export const BANDS = 9;

/** How far a ring reaches out at its loudest, as a share of half the picture. */
const REACH = 0.2;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} size of the square picture, in its own pixels
 * @param {Ring[]} rings the outermost first
 */
export function drawRings(context, size, rings) {
  context.clearRect(0, 0, size, size);
  for (const ring of rings) {
    context.globalAlpha = ring.opacity;
    context.fillStyle = ring.color;
    context.beginPath();
    trace(context, size / 2, outline(ring));
    context.fill();
  }
}

/**
 * @param {Ring} ring
 * @returns {number[]} radii, clockwise from the top
 */
export function outline({ bands, radius }) {
  const quarter = Array.from(bands, (level) => radius + REACH * level);
  const half = [...quarter, ...[...quarter].reverse()];
  return [...half, ...half];
}

/**
 * A closed curve through the middles between the points, which are its control points: no corners.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {number} centre
 * @param {number[]} radii
 */
function trace(context, centre, radii) {
  const count = radii.length;
  const point = (/** @type {number} */ index) => {
    const angle = (2 * Math.PI * index) / count;
    const radius = radii[index % count] * centre;
    return [centre + radius * Math.sin(angle), centre - radius * Math.cos(angle)];
  };
  let [x, y] = point(count - 1);
  for (let index = 0; index <= count; index += 1) {
    const [nextX, nextY] = point(index);
    const [middleX, middleY] = [(x + nextX) / 2, (y + nextY) / 2];
    if (index === 0) context.moveTo(middleX, middleY);
    else context.quadraticCurveTo(x, y, middleX, middleY);
    [x, y] = [nextX, nextY];
  }
  context.closePath();
}

/** A level falls no faster than this in a millisecond, and rises at once: the eye follows. */
const FALL = 0.0036;

/**
 * @param {Float32Array} shown is changed
 * @param {Uint8Array} spectrum 0 to 255, linear in frequency
 * @param {number} elapsedMs since the last time
 * @returns {number} the loudest band
 */
export function follow(shown, spectrum, elapsedMs) {
  let loudest = 0;
  for (let band = 0; band < shown.length; band += 1) {
    const level = bandLevel(spectrum, band, shown.length);
    shown[band] = Math.max(level, shown[band] - FALL * elapsedMs, 0);
    loudest = Math.max(loudest, shown[band]);
  }
  return loudest;
}

/**
 * Bands grow with frequency, as the ear hears them, and end where a voice does.
 *
 * @param {Uint8Array} spectrum
 * @param {number} band
 * @param {number} count
 * @returns {number} 0 to 1
 */
function bandLevel(spectrum, band, count) {
  if (!spectrum.length) return 0;
  const voice = spectrum.length / 3;
  const edge = (/** @type {number} */ at) => Math.floor(voice * (at / count) ** 1.6);
  const from = edge(band);
  const to = Math.max(from + 1, edge(band + 1));
  let sum = 0;
  for (let bin = from; bin < to; bin += 1) sum += spectrum[bin];
  return sum / (to - from) / 255;
}

/** A frame that comes so many times later than usual was kept waiting by something else. */
const LATE = 1.5;
/** What is usual is the shortest of late: a phone that begins to save power halves its frames. */
const FORGET = 1.002;
/** Less than this is the jitter of a clock, or a faster screen than anybody needs. */
const LEAST_MS = 16;
const SLOW_MS = 32;
const SLOWEST_MS = 256;
/** A frame that is late weighs as much as so many in time: one in eleven may be. */
const LATE_WEIGHS = 10;
/** From here on pictures come half as often, and up there twice as often again. */
const TOO_LATE = -25;
const ON_TIME = 30;

/**
 * Decides which pictures are drawn: as many as the screen shows, and half as many while the machine is
 * late again and again. What starves it is the picture, not the call.
 */
export class Pace {
  lastAt = Infinity;
  drawnAt = -Infinity;
  usualMs = Infinity;
  score = 0;
  everyMs = 0;

  /**
   * @param {number} now of an animation frame, in ms
   * @returns {boolean} whether to draw
   */
  isDue(now) {
    const gapMs = Math.max(0, now - this.lastAt);
    const isLate = gapMs > LATE * this.usualMs;
    if (gapMs) this.usualMs = Math.min(Math.max(LEAST_MS, gapMs), FORGET * this.usualMs);
    this.lastAt = now;
    this.score += isLate ? -LATE_WEIGHS : 1;
    if (this.score <= TOO_LATE) {
      this.score = 0;
      this.everyMs = Math.min(SLOWEST_MS, Math.max(SLOW_MS, 2 * this.everyMs));
    } else if (this.score >= ON_TIME) {
      this.score = 0;
      this.everyMs = this.everyMs > SLOW_MS ? this.everyMs / 2 : 0;
    }
    if (now - this.drawnAt < this.everyMs) return false;
    this.drawnAt = now;
    return true;
  }
}
