/**
 * Reads a path's statistics: every second while all is well, four times a second otherwise. Reading
 * them costs CPU.
 *
 * @typedef {import('./stats.js').Summary} Summary
 *
 * @typedef {object} MonitorEvents
 * @property {(summary: Summary) => void} onSummary
 * @property {(isNew: boolean) => void} onPair there is a selected pair; isNew: ICE selected it after it
 *   was last restarted
 * @property {(detail: import('./timeline.js').Detail) => void} onDegraded UDP is crippled here
 */

import { relayUrl } from './ice.js';
import * as quality from './quality.js';
import { RelayMeter } from './relay.js';
import { summarise } from './stats.js';

/** A round trip measured while the page was held up for longer than this may be the page's own. */
const HELD_UP_MS = 100;
/** While all is well, the statistics are read on every fourth tick. */
const CALM_TICKS = 4;

export class PathMonitor {
  ticks = 0;
  dueAt = Infinity;
  isHeldUp = false;
  quality = quality.UNKNOWN;
  /** @type {Summary|null} */
  summary = null;
  /** The pair that was selected when ICE was last restarted. */
  pairBefore = '';

  /**
   * @param {import('./peer.js').Peer} peer
   * @param {(message: import('./signal.js').PageMessage) => void} send sends a message to the server
   * @param {MonitorEvents} events
   * @param {import('../lib/clock.js').Clock} clock
   */
  constructor(peer, send, events, clock) {
    this.peer = peer;
    this.events = events;
    this.clock = clock;
    this.relay = new RelayMeter(send);
  }

  /**
   * @param {boolean} isUp whether the path is up at all
   * @param {boolean} isTroubled whether there is a reason to look closely
   */
  tick(isUp, isTroubled) {
    const now = this.clock.now();
    this.isHeldUp ||= now - this.dueAt > HELD_UP_MS;
    this.dueAt = now + quality.WINDOW_MS;
    this.ticks += 1;
    const isAlert = isTroubled || quality.isSuspect(this.quality) || !this.summary?.pair;
    if (isUp && (isAlert || this.ticks % CALM_TICKS === 0)) this.measure();
  }

  /** ICE is being restarted. */
  restarted() {
    this.pairBefore = this.summary?.pairId ?? '';
  }

  /** Tells the server what was relayed so far, while the socket is there. */
  settleUp() {
    this.relay.tell(this.clock.now());
  }

  async measure() {
    const report = await this.peer.pc.getStats();
    if (this.peer.closed) return;
    const summary = summarise(report.values(), this.summary);
    this.summary = summary;
    this.relay.look(this.named(summary.relay), this.clock.now());
    this.events.onSummary(summary);
    if (!summary.pair) return;
    this.events.onPair(summary.pairId !== this.pairBefore);
    if (summary.isUdp) this.judge(summary);
    else this.quality = quality.UNKNOWN;
  }

  /** @param {Summary} summary that of a path over UDP */
  judge(summary) {
    const rttMs = this.isHeldUp ? null : summary.rttMs;
    this.isHeldUp = false;
    this.quality = quality.take(this.quality, { ...summary, rttMs });
    if (!quality.isDegraded(this.quality)) return;
    const detail = quality.describe(this.quality);
    this.quality = quality.UNKNOWN;
    this.events.onDegraded(detail);
  }

  /**
   * @param {import('./relay.js').Relay|null} relay
   * @returns {import('./relay.js').Relay|null} with its URL, which Firefox does not tell
   */
  named(relay) {
    return relay && { ...relay, url: relay.url || relayUrl(this.peer.servers, relay.protocol) };
  }
}
