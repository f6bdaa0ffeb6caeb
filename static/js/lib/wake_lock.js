/** Keeps the screen on (W3C Screen Wake Lock; docs/browsers.md#wake-lock). */

export class ScreenWakeLock {
  /** @type {WakeLockSentinel|null} */
  lock = null;

  /**
   * @param {WakeLock|undefined} locks navigator.wakeLock; undefined: the browser has none
   * @param {() => boolean} isVisible whether the page is in front; otherwise the browser refuses
   */
  constructor(locks, isVisible) {
    this.locks = locks;
    this.isVisible = isVisible;
  }

  /** Asks for the lock. Ask again when the page is back in front: browsers release it when it is hidden. */
  async request() {
    if (!this.locks || !this.isVisible()) return;
    if (this.lock && !this.lock.released) return;
    try {
      this.lock = await this.locks.request('screen');
    } catch (error) {
      console.info('no wake lock', error); // a phone in low-power mode refuses
    }
  }

  async release() {
    const { lock } = this;
    this.lock = null;
    await lock?.release();
  }
}
