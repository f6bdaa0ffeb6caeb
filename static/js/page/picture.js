/** The canvas behind the button: its size, its colours, and when it moves. */

import { BANDS, drawRings, follow } from './visual.js';

/** With a higher density a cheap phone draws fewer than sixty frames a second, and nobody sees it. */
const MAX_DENSITY = 2;
/** The spectrum of silence. */
export const SILENT = new Uint8Array(0);

export class Picture {
  you = new Float32Array(BANDS);
  bot = new Float32Array(BANDS);
  colors = { you: '', bot: '' };
  drawnAt = 0;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Window} window
   */
  constructor(canvas, window) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    this.window = window;
    this.calm = window.matchMedia('(prefers-reduced-motion: reduce)');
    for (const query of [this.calm, window.matchMedia('(prefers-color-scheme: dark)')]) {
      query.addEventListener('change', () => this.prepare());
    }
    window.addEventListener('resize', () => this.prepare());
    this.prepare();
  }

  /** Takes size and colours from the style sheet, and shows silence. */
  prepare() {
    const style = this.window.getComputedStyle(this.canvas);
    this.colors = {
      you: style.getPropertyValue('--accent').trim(),
      bot: style.getPropertyValue('--bot').trim(),
    };
    const density = Math.min(MAX_DENSITY, this.window.devicePixelRatio || 1);
    this.canvas.width = this.canvas.height = Math.round(this.canvas.clientWidth * density);
    this.draw(SILENT, SILENT, this.drawnAt);
  }

  /**
   * @param {Uint8Array} you spectrum of the person's voice
   * @param {Uint8Array} bot
   * @param {number} now ms
   * @returns {boolean} whether there is anything to see
   */
  draw(you, bot, now) {
    const { colors } = this;
    const elapsedMs = now - this.drawnAt;
    this.drawnAt = now;
    const isStill = this.calm.matches;
    const loudest = Math.max(
      follow(this.you, isStill ? SILENT : you, elapsedMs),
      follow(this.bot, isStill ? SILENT : bot, elapsedMs),
    );
    drawRings(this.context, this.canvas.width, [
      { bands: this.bot, color: colors.bot, radius: 0.62, opacity: 0.3 },
      { bands: this.you, color: colors.you, radius: 0.57, opacity: 0.4 },
    ]);
    return loudest > 0;
  }
}
