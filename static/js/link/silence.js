/**
 * Listens on the wire: are packets still arriving? Knows it seconds before ICE would say so.
 *
 * The receiver's synchronization sources (W3C WebRTC, 5.3) cost next to nothing to look at, but
 * stand still too when nothing is played; so a silence counts only once the statistics confirm it.
 *
 * @typedef {object} WatchEvents
 * @property {(ms: number) => void} onSilence nothing has arrived for this long
 * @property {(ms: number) => void} onSound packets again, after this long without
 * @property {(ms: number) => void} onWake the page was frozen for this long
 */

/** Audio comes every 20 ms. */
export const SILENT_MS = 400;
export const LOOK_MS = 100;

/** Packets that pause as long as a look lasts make this long suspect. */
const UNSTEADY_MS = 1_000;

/** A look later than this says nothing about the wire: the page itself was held up. */
const LATE_MS = 250;
/** Held up for longer than this it was asleep, not busy. */
const ASLEEP_MS = 3_000;

export class Watch {
  silentSince = 0;
  pausedAt = -Infinity;
  confirming = false;
  stopped = false;

  /**
   * @param {RTCRtpReceiver} receiver
   * @param {WatchEvents} events
   * @param {import('../lib/clock.js').Clock} clock
   */
  constructor(receiver, events, clock) {
    this.receiver = receiver;
    this.events = events;
    this.clock = clock;
    this.lookedAt = this.knownAt = clock.now();
    this.again();
  }

  /** @returns {boolean} whether packets paused lately: nobody hears that, it may be a beginning */
  get isUnsteady() {
    return this.clock.now() - this.pausedAt < UNSTEADY_MS;
  }

  stop() {
    this.stopped = true;
    this.clock.clearTimeout(this.timer);
  }

  again() {
    this.timer = this.clock.setTimeout(() => this.look(), LOOK_MS);
  }

  look() {
    const now = this.clock.now();
    const elapsed = now - this.lookedAt;
    this.lookedAt = now;
    this.again();
    if (elapsed > ASLEEP_MS) this.events.onWake(elapsed);
    if (elapsed > LATE_MS) {
      this.knownAt = Math.max(this.knownAt, now - LOOK_MS);
      return;
    }
    const heard = this.receiver.getSynchronizationSources()[0]?.timestamp ?? 0;
    this.knownAt = Math.max(this.knownAt, heard);
    if (now - this.knownAt >= LOOK_MS) this.pausedAt = now;
    if (this.silentSince || now - this.knownAt >= SILENT_MS) this.confirm(now);
  }

  /** @param {number} now */
  async confirm(now) {
    if (this.confirming) return;
    this.confirming = true;
    const arrived = await lastArrival(this.receiver);
    this.confirming = false;
    // Without that statistic what is played is all there is to go by.
    if (arrived !== null) this.knownAt = Math.max(this.knownAt, arrived);
    if (!this.stopped) this.judge(now);
  }

  /** @param {number} now */
  judge(now) {
    if (now - this.knownAt >= SILENT_MS) {
      if (!this.silentSince) {
        this.silentSince = this.knownAt;
        this.events.onSilence(now - this.knownAt);
      }
    } else if (this.silentSince) {
      const silence = this.knownAt - this.silentSince;
      this.silentSince = 0;
      this.events.onSound(silence);
    }
  }
}

/**
 * @param {RTCRtpReceiver} receiver
 * @returns {Promise<number|null>} when its last packet came, in epoch ms
 */
async function lastArrival(receiver) {
  const report = await receiver.getStats();
  for (const stats of report.values()) {
    if (stats.type === 'inbound-rtp') return stats.lastPacketReceivedTimestamp ?? null;
  }
  return null;
}
