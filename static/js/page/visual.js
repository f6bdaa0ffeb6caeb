/**
 * Draws both voices around the button: two rings whose outlines are the spectra.
 *
 * @typedef {object} Ring
 * @property {Float32Array} bands 0 to 1 each, the lowest first
 * @property {string} color
 * @property {number} radius in silence, as a share of half the picture
 * @property {number} opacity
 */

/** Bands of a quarter of the outline; the other quarters mirror it. */
export const BANDS = 9;

/** How far a ring grows at its loudest, as a share of half the picture. */
const REACH = 0.2;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} size the width and height of the picture, in its own pixels
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
 * Draws a closed curve without corners. The points are its control points; it passes half-way between them.
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

/** How far a shown level falls in a millisecond. It rises at once. */
const FALL = 0.0036;

/**
 * Moves the shown levels towards a spectrum.
 *
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
 * Returns the level of a band. Bands widen with frequency, as the ear hears, and end where a voice ends.
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
