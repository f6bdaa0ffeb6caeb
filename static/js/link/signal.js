/**
 * The socket to the server: opened before the call, replaced in the background during it. A socket
 * over a network that has gone says nothing of it for minutes, so a new one is opened beside it and
 * takes the call over (`resume`) once the server has greeted it.
 *
 * @typedef {{type: string} & Record<string, any>} Message
 *
 * @typedef {object} Claim what a new socket takes a call over with
 * @property {string} callId
 * @property {string} token
 * @property {boolean} rejoin over a new peer connection, which the bot has not answered yet
 *
 * @typedef {object} SignalEvents
 * @property {(message: Message) => void} onMessage everything but `ready`
 * @property {(ready: Message) => void} onReady the server has greeted a socket, and it has the call
 * @property {() => void} onLost the socket closed, and will be reopened
 * @property {() => Message|null} pendingOffer the offer that is not answered yet, as it is by now
 *
 * @typedef {object} World
 * @property {(url: string) => WebSocket} open
 * @property {() => number} now
 * @property {(then: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 *
 * @typedef {object} Opening a socket that is not greeted yet
 * @property {WebSocket} socket
 * @property {boolean} resumed it has asked for the call; its greeting is the second `ready`
 * @property {number} since
 * @property {number} greetings
 * @property {number|null} carries attempt of the offer that went along with its `resume`
 * @property {any} timer
 */

import { nth } from '../lib/backoff.js';

/** Waits before the first, second, … attempt to reopen; the last one repeats. */
export const REOPEN_MS = [0, 100, 250, 500, 1_000, 2_000, 4_000];
/** An answer takes a round trip. Without one for this long the socket is suspect. */
export const ANSWER_MS = 1_000;
/**
 * A socket not greeted by then is on its way into nowhere, as one is whose network went while it was
 * being opened: it never changes to another. The last one repeats, for networks that are only slow;
 * those get as much time from then on.
 */
export const GREETING_MS = [1_500, 3_000, 6_000];

/** Several things announce the same change of network. */
const SPACING_MS = 300;

const MAX_WAITING = 200;

export class Signal {
  /** @type {WebSocket|null} greeted; null while there is none */
  socket = null;
  /** @type {Opening|null} */
  opening = null;
  /** @type {Message|null} the server's greeting: call id, token, heartbeat terms, network */
  ready = null;
  /** @type {Claim|null} on the call: then a new socket resumes it */
  claim = null;
  /** An answer that comes now is to an offer of the peer connection before. */
  isBetween = false;
  failures = 0;
  ungreeted = 0;
  closed = false;
  /** @type {Message[]} */
  waiting = [];
  reopenTimer = null;
  answerTimer = null;

  /**
   * @param {string} url with the ticket
   * @param {SignalEvents} events
   * @param {World} world
   * @param {Claim|null} [claim] on a call that an earlier page has begun
   */
  constructor(url, events, world, claim = null) {
    this.url = url;
    this.events = events;
    this.world = world;
    this.claim = claim;
    this.open();
  }

  /** Whether the bot has answered on this call. */
  get admitted() {
    return this.claim !== null && !this.claim.rejoin;
  }

  /** @param {Message} message sent now, or when a socket is ready */
  send(message) {
    if (message.type === 'offer') {
      this.isBetween = false;
      this.awaitAnswer();
    }
    if (this.socket) {
      this.socket.send(JSON.stringify(message));
    } else if (message.type !== 'offer' && this.waiting.length < MAX_WAITING) {
      // An offer goes along with the next greeting, newer than it is now.
      this.waiting.push(message);
    }
  }

  /** Open another socket beside this one, now; whichever is greeted last has the call. */
  replace() {
    const { opening, world } = this;
    if (this.closed || (opening && world.now() - opening.since < SPACING_MS)) return;
    world.clearTimeout(this.reopenTimer);
    this.failures = 0;
    this.abandon();
    this.open();
  }

  /** The next offer is of another peer connection for the same call. */
  rejoin() {
    if (this.claim) this.claim.rejoin = true;
    this.isBetween = true;
  }

  close() {
    this.closed = true;
    this.world.clearTimeout(this.reopenTimer);
    this.world.clearTimeout(this.answerTimer);
    this.abandon();
    this.socket?.close();
  }

  awaitAnswer() {
    this.world.clearTimeout(this.answerTimer);
    this.answerTimer = this.world.setTimeout(() => {
      if (this.claim && this.socket && !this.opening) this.replace();
    }, ANSWER_MS);
  }

  open() {
    const socket = this.world.open(this.url);
    /** @type {Opening} */
    const opening = {
      socket,
      since: this.world.now(),
      resumed: false,
      greetings: 0,
      carries: null,
      timer: null,
    };
    opening.timer = this.world.setTimeout(() => {
      this.ungreeted += 1;
      this.replace();
    }, nth(GREETING_MS, this.ungreeted));
    this.opening = opening;
    socket.onopen = () => this.opened(opening);
    socket.onmessage = (event) => this.receive(socket, JSON.parse(event.data));
    socket.onclose = () => this.lost(socket);
  }

  /** Give up on the socket that is being opened. */
  abandon() {
    if (!this.opening) return;
    const { socket, timer } = this.opening;
    this.opening = null;
    this.world.clearTimeout(timer);
    socket.close();
  }

  /** @param {Opening} opening */
  opened(opening) {
    if (opening !== this.opening || !this.claim) return;
    opening.resumed = true;
    const offer = this.events.pendingOffer();
    opening.carries = offer?.attempt ?? null;
    if (offer) this.isBetween = false;
    const { callId, token } = this.claim;
    opening.socket.send(JSON.stringify({ type: 'resume', callId, token, ...description(offer) }));
  }

  /**
   * @param {WebSocket} socket
   * @param {Message} message
   */
  receive(socket, message) {
    if (socket === this.opening?.socket && message.type === 'ready') {
      this.greeted(this.opening, message);
    } else if (socket === this.socket || socket === this.opening?.socket) {
      if (message.type === 'answer' && this.isBetween) return;
      if (message.type === 'answer') this.answered();
      this.events.onMessage(message);
    }
  }

  answered() {
    this.world.clearTimeout(this.answerTimer);
    const { callId, token } = /** @type {Message} */ (this.ready);
    this.claim = { callId, token, rejoin: false };
  }

  /**
   * @param {Opening} opening
   * @param {Message} ready
   */
  greeted(opening, ready) {
    opening.greetings += 1;
    // The greeting of the socket itself comes first, the one for its `resume` after it.
    if (opening.resumed && opening.greetings === 1) return;
    this.world.clearTimeout(opening.timer);
    this.opening = null;
    this.socket?.close();
    this.socket = opening.socket;
    this.ready = ready;
    this.failures = 0;
    if (this.world.now() - opening.since < GREETING_MS[0] / 2) this.ungreeted = 0;
    const offer = this.events.pendingOffer();
    if (offer && offer.attempt !== opening.carries) this.send(offer);
    for (const message of this.waiting.splice(0)) this.socket.send(JSON.stringify(message));
    this.events.onReady(ready);
  }

  /** @param {WebSocket} socket */
  lost(socket) {
    if (this.closed || (socket !== this.socket && socket !== this.opening?.socket)) return;
    if (socket === this.socket) {
      this.socket = null;
      this.events.onLost();
      if (this.opening) return;
    } else {
      this.world.clearTimeout(this.opening?.timer);
      this.opening = null;
    }
    this.reopenLater();
  }

  reopenLater() {
    const wait = nth(REOPEN_MS, this.failures);
    this.failures += 1;
    this.world.clearTimeout(this.reopenTimer);
    this.reopenTimer = this.world.setTimeout(() => {
      if (!this.closed && !this.opening) this.open();
    }, wait);
  }
}

/**
 * @param {Message|null} offer
 * @returns {{offer?: object}}
 */
function description(offer) {
  if (!offer) return {};
  const { type, ...description } = offer;
  return { offer: description };
}
