/** Draws both voices while there is something to see: the rings around the button, and the levels. */

import { element } from './dom.js';
import { FrameThrottle } from './frame_throttle.js';
import { Meter } from './meter.js';
import { Picture, SILENT } from './picture.js';

export class Voices {
  muted = false;
  /** @type {AudioContext|null} */
  audio = null;
  /** @type {Partial<Record<'you'|'bot', Meter>>} */
  meters = {};
  /** @type {number|null} */
  nextFrame = null;

  constructor() {
    this.picture = new Picture(/** @type {HTMLCanvasElement} */ (element('voices')), window);
    this.throttle = new FrameThrottle();
    this.levels = { you: element('level-you'), bot: element('level-bot') };
  }

  /** Call it inside a tap: phones start Web Audio only there. */
  unlock() {
    this.audio ??= new AudioContext();
    this.audio.resume();
  }

  /**
   * @param {'you'|'bot'} who
   * @param {MediaStream} stream
   */
  measure(who, stream) {
    this.meters[who]?.close();
    if (!this.audio) return;
    this.meters[who] = new Meter(this.audio, stream);
    this.nextFrame ??= requestAnimationFrame((now) => this.frame(now));
  }

  /** The call is over. The rings still sink to rest. */
  stop() {
    this.meters.you?.close();
    this.meters.bot?.close();
    this.meters = {};
  }

  /** @param {number} now ms */
  frame(now) {
    const isMoving = this.throttle.isDue(now) ? this.draw(now) : true;
    const goesOn = isMoving || this.meters.you || this.meters.bot;
    this.nextFrame = goesOn ? requestAnimationFrame((next) => this.frame(next)) : null;
  }

  /**
   * @param {number} now ms
   * @returns {boolean} whether there is anything to see
   */
  draw(now) {
    const { bot } = this.meters;
    const you = this.muted ? undefined : this.meters.you;
    this.levels.you.style.setProperty('--level', (you?.level() ?? 0).toFixed(3));
    this.levels.bot.style.setProperty('--level', (bot?.level() ?? 0).toFixed(3));
    return this.picture.draw(you?.spectrum() ?? SILENT, bot?.spectrum() ?? SILENT, now);
  }
}
