/**
 * Listens for silence on the wire: the bot sends a packet every 20 ms for the whole call, so a path
 * without any is in trouble long before ICE says so.
 *
 * @typedef {object} WatchdogEvents
 * @property {() => void} onSilence once per silence
 * @property {() => void} onSound once, when packets come again
 */

export const LOOK_MS = 100;
export const SILENT_MS = 400;

export class Watchdog {
  packets = -1;
  heardAt = 0;
  silent = false;
  stopped = false;

  /**
   * @param {() => Promise<number>} countPackets received so far
   * @param {() => boolean} isWatching false while the page is hidden: its timers are not to be trusted
   * @param {WatchdogEvents} events
   * @param {import('./world.js').Clock} clock
   */
  constructor(countPackets, isWatching, events, clock) {
    this.countPackets = countPackets;
    this.isWatching = isWatching;
    this.events = events;
    this.clock = clock;
    this.heardAt = clock.now();
    this.look();
  }

  stop() {
    this.stopped = true;
    this.clock.clearTimeout(this.timer);
  }

  async look() {
    const packets = await this.countPackets();
    if (this.stopped) return;
    const now = this.clock.now();
    const overslept = now - (this.lookedAt ?? now) > 2 * SILENT_MS;
    this.lookedAt = now;
    if (packets !== this.packets) {
      this.packets = packets;
      this.heardAt = now;
      this.change(false);
    } else if (overslept || !this.isWatching()) {
      // We were asleep, not the wire: begin to count anew.
      this.heardAt = now;
    } else if (now - this.heardAt >= SILENT_MS) {
      this.change(true);
    }
    this.timer = this.clock.setTimeout(() => this.look(), LOOK_MS);
  }

  /** @param {boolean} silent */
  change(silent) {
    if (silent === this.silent) return;
    this.silent = silent;
    if (silent) this.events.onSilence();
    else this.events.onSound();
  }
}
