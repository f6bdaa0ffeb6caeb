/**
 * The heartbeat on the data channel, which proves to both sides that the other one is alive.
 *
 * @typedef {object} HeartbeatEvents
 * @property {(ms: number) => void} onRoundTrip
 * @property {() => void} onDead nothing came for the liveness time; repeated after each further one
 *
 * @typedef {object} Terms
 * @property {number} intervalS
 * @property {number} livenessS
 */

export const LABEL = 'heartbeat';

export class Heartbeat {
  pings = 0;
  held = false;

  /**
   * @param {RTCDataChannel} channel
   * @param {Terms} terms
   * @param {HeartbeatEvents} events
   * @param {import('../lib/clock.js').Clock} clock
   */
  constructor(channel, terms, events, clock) {
    this.channel = channel;
    this.terms = terms;
    this.events = events;
    this.clock = clock;
    channel.onmessage = (event) => this.receive(String(event.data));
    this.alive();
    if (channel.readyState === 'open') this.ping();
    else channel.onopen = () => this.ping();
  }

  stop() {
    this.clock.clearTimeout(this.pingTimer);
    this.clock.clearTimeout(this.deathTimer);
    this.channel.onmessage = null;
    this.channel.onopen = null;
  }

  /** Stops writing while the path is down, for Firefox's sake (docs/browsers.md#firefox-dtls-write). */
  hold() {
    this.held = true;
  }

  /** Goes on after `hold`: the path is back. */
  release() {
    if (!this.held) return;
    this.held = false;
    this.ping();
  }

  ping() {
    this.clock.clearTimeout(this.pingTimer);
    this.pings += 1;
    this.send({ type: 'pipecat.ping', id: this.pings, ts: this.clock.now() });
    this.pingTimer = this.clock.setTimeout(() => this.ping(), this.terms.intervalS * 1000);
  }

  /** Starts the liveness time anew. */
  alive() {
    this.clock.clearTimeout(this.deathTimer);
    this.deathTimer = this.clock.setTimeout(() => {
      this.alive();
      this.events.onDead();
    }, this.terms.livenessS * 1000);
  }

  /** @param {string} text */
  receive(text) {
    const message = JSON.parse(text);
    if (message.type === 'pipecat.ping') {
      this.send({ type: 'pipecat.pong', id: message.id, ts: message.ts });
    } else if (message.type === 'pipecat.pong') {
      this.events.onRoundTrip(this.clock.now() - message.ts);
    } else {
      return;
    }
    this.alive();
  }

  /** @param {object} message */
  send(message) {
    if (!this.held && this.channel.readyState === 'open') this.channel.send(JSON.stringify(message));
  }
}
