/**
 * Notices within a fraction of a second that no packets arrive. ICE itself takes seconds.
 *
 * The receiver's synchronization sources are cheap to read, but a silence there counts only once the
 * statistics confirm it (docs/browsers.md#stuck-sources).
 *
 * @typedef {object} SilenceEvents
 * @property {(ms: number) => void} onSilence nothing has arrived for this long
 * @property {(ms: number) => void} onSound packets arrive again, after this long
 * @property {(ms: number) => void} onWake the page was frozen for this long
 */

import { SILENCE_MS } from '../generated/shared.js';

export const LOOK_MS = 100;

/** After a pause as long as one look the path is unsteady for this long. */
const UNSTEADY_MS = 1_000;

/** A look that comes later than this proves nothing: the page itself was held up. */
const LATE_MS = 250;
/** A page held up for longer than this was frozen, not busy (docs/browsers.md#frozen-page). */
const FROZEN_MS = 3_000;

export class SilenceDetector {
  silentSince = 0;
  pausedAt = -Infinity;
  confirming = false;
  stopped = false;

  /**
   * @param {RTCRtpReceiver} receiver
   * @param {SilenceEvents} events
   * @param {import('../lib/clock.js').Clock} clock
   */
  constructor(receiver, events, clock) {
    this.receiver = receiver;
    this.events = events;
    this.clock = clock;
    this.lookedAt = this.knownAt = clock.now();
    this.again();
  }

  /** @returns {boolean} whether packets paused lately: inaudible, but an outage may begin like that */
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
    if (elapsed > FROZEN_MS) this.events.onWake(elapsed);
    if (elapsed > LATE_MS) {
      this.knownAt = Math.max(this.knownAt, now - LOOK_MS);
      return;
    }
    const heard = this.receiver.getSynchronizationSources()[0]?.timestamp ?? 0;
    this.knownAt = Math.max(this.knownAt, heard);
    if (now - this.knownAt >= LOOK_MS) this.pausedAt = now;
    if (this.silentSince || now - this.knownAt >= SILENCE_MS) this.confirm(now);
  }

  /** @param {number} now */
  async confirm(now) {
    if (this.confirming) return;
    this.confirming = true;
    const arrived = await lastArrival(this.receiver);
    this.confirming = false;
    // A browser without that statistic is judged by what it plays.
    if (arrived !== null) this.knownAt = Math.max(this.knownAt, arrived);
    if (!this.stopped) this.judge(now);
  }

  /** @param {number} now */
  judge(now) {
    if (now - this.knownAt >= SILENCE_MS) {
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
 * @returns {Promise<number|null>} when its last packet arrived, epoch ms; null: the browser does not say
 */
async function lastArrival(receiver) {
  const report = await receiver.getStats();
  for (const stats of report.values()) {
    if (stats.type === 'inbound-rtp') return stats.lastPacketReceivedTimestamp ?? null;
  }
  return null;
}
