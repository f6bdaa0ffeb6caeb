/** Draws less often on a machine that cannot keep up. */

/** A frame is late if its gap is so many times as long as usual. */
const LATE = 1.5;
/** The usual gap is the shortest one of late. It grows slowly: a phone that saves power halves its frames. */
const FORGET = 1.002;
/** A shorter gap is the clock's jitter, or a faster screen than the picture needs. */
const LEAST_MS = 16;
const SLOW_MS = 32;
const SLOWEST_MS = 256;
/** A late frame weighs as much as ten in time: one in eleven may be late. */
const LATE_WEIGHS = 10;
/** At this score pictures are drawn half as often; at the upper one, twice as often again. */
const TOO_LATE = -25;
const ON_TIME = 30;

/**
 * Decides which frames are drawn: all of them, or half as many while frames keep coming late. A machine
 * that is short of CPU must spend it on the call.
 */
export class FrameThrottle {
  lastAt = Infinity;
  drawnAt = -Infinity;
  usualMs = Infinity;
  score = 0;
  everyMs = 0;

  /**
   * @param {number} now the time of an animation frame, in ms
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
