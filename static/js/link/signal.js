/**
 * The socket to the server. It is opened before the call and replaced in the background during it: a
 * socket over a network that has gone may stay open for minutes, so a new one is opened beside it and
 * takes the call over (`resume`) once the server has greeted it.
 *
 * @typedef {import('../generated/messages.js').PageMessage} PageMessage
 * @typedef {import('../generated/messages.js').ServerMessage} ServerMessage
 * @typedef {import('../generated/messages.js').Offer} Offer
 * @typedef {import('../generated/messages.js').Ready} Ready
 *
 * @typedef {object} Claim what a new socket needs to take a call over
 * @property {string} callId
 * @property {string} token
 * @property {boolean} rejoin the call goes over a new peer connection, which the bot has not answered yet
 *
 * @typedef {object} SignalEvents
 * @property {(message: ServerMessage) => void} onMessage everything but `ready`
 * @property {(ready: Ready) => void} onReady the server has greeted a socket, which has the call now
 * @property {() => void} onLost the socket closed; it will be reopened
 * @property {() => Offer|null} pendingOffer the offer that is not answered yet, with the candidates so far
 *
 * @typedef {import('../lib/clock.js').Clock & {open: (ticket: string) => WebSocket}} SocketTools
 *
 * @typedef {object} Opening a socket that the server has not greeted yet
 * @property {WebSocket} socket
 * @property {boolean} resumed it has asked for the call; its greeting is the second `ready`
 * @property {number} since epoch ms
 * @property {number} greetings so far
 * @property {number|null} carries generation of the offer that was sent with its `resume`
 * @property {any} timer
 */

import { CLOSE_IDLE } from '../generated/shared.js';
import { nth } from '../lib/backoff.js';

/** Waits before the first, second, … attempt to reopen the socket; the last one repeats. */
export const REOPEN_MS = [0, 100, 250, 500, 1_000, 2_000, 4_000];
/** An answer takes one round trip. If it takes longer than this, the socket is replaced. */
export const ANSWER_MS = 1_000;
/**
 * How long a socket may wait for its greeting before it is replaced. A socket never moves to another
 * network (docs/browsers.md#socket-network). The last one repeats: a network that is only slow needs it,
 * and keeps it from then on.
 */
export const GREETING_MS = [1_500, 3_000, 6_000];

/** One change of network is announced by several events. */
const SPACING_MS = 300;

const MAX_WAITING = 200;

export class Signal {
  /** @type {WebSocket|null} the greeted one; null: there is none */
  socket = null;
  /** @type {Opening|null} */
  opening = null;
  /** @type {Ready|null} the server's greeting: call id, token, heartbeat terms, network */
  ready = null;
  /** @type {Claim|null} if there is one, a new socket resumes the call */
  claim = null;
  /** An answer that comes now belongs to the previous peer connection. */
  isBetween = false;
  failures = 0;
  ungreeted = 0;
  closed = false;
  /** The server closed a socket that nobody used. */
  isAsleep = false;
  /** @type {PageMessage[]} */
  waiting = [];
  reopenTimer = null;
  answerTimer = null;

  /**
   * @param {string} ticket of the call
   * @param {SignalEvents} events
   * @param {SocketTools} tools
   * @param {Claim|null} [claim] for a call that this page began before it was reloaded
   */
  constructor(ticket, events, tools, claim = null) {
    this.ticket = ticket;
    this.events = events;
    this.tools = tools;
    this.claim = claim;
    this.open();
  }

  /** @returns {boolean} whether the bot has answered this call's peer connection */
  get admitted() {
    return this.claim !== null && !this.claim.rejoin;
  }

  /** @param {PageMessage} message sent now, or once there is a socket */
  send(message) {
    if (message.type === 'offer') {
      this.isBetween = false;
      this.awaitAnswer();
    }
    if (this.socket) {
      this.socket.send(JSON.stringify(message));
    } else if (message.type !== 'offer' && this.waiting.length < MAX_WAITING) {
      // A pending offer is sent after the next greeting, with the candidates found until then.
      this.waiting.push(message);
    }
  }

  /** Opens another socket beside this one. The one that is greeted last has the call. */
  replace() {
    const { opening, tools } = this;
    if (this.closed || (opening && tools.now() - opening.since < SPACING_MS)) return;
    tools.clearTimeout(this.reopenTimer);
    this.failures = 0;
    this.abandon();
    this.open();
  }

  /** Announces that the next offer comes from another peer connection of the same call. */
  rejoin() {
    if (this.claim) this.claim.rejoin = true;
    this.isBetween = true;
  }

  close() {
    this.closed = true;
    this.tools.clearTimeout(this.reopenTimer);
    this.tools.clearTimeout(this.answerTimer);
    this.abandon();
    this.socket?.close();
  }

  /** Replaces the socket if an offer is not answered in time. */
  awaitAnswer() {
    this.tools.clearTimeout(this.answerTimer);
    this.answerTimer = this.tools.setTimeout(() => {
      if (this.claim && this.socket && !this.opening) this.replace();
    }, ANSWER_MS);
  }

  open() {
    const socket = this.tools.open(this.ticket);
    /** @type {Opening} */
    const opening = {
      socket,
      since: this.tools.now(),
      resumed: false,
      greetings: 0,
      carries: null,
      timer: null,
    };
    opening.timer = this.tools.setTimeout(
      () => {
        this.ungreeted += 1;
        this.replace();
      },
      nth(GREETING_MS, this.ungreeted),
    );
    this.opening = opening;
    socket.onopen = () => this.opened(opening);
    socket.onmessage = (event) => this.receive(socket, JSON.parse(event.data));
    socket.onclose = ({ code }) => this.lost(socket, code);
  }

  /** Closes the socket that is being opened. */
  abandon() {
    if (!this.opening) return;
    const { socket, timer } = this.opening;
    this.opening = null;
    this.tools.clearTimeout(timer);
    socket.close();
  }

  /** @param {Opening} opening */
  opened(opening) {
    if (opening !== this.opening || !this.claim) return;
    opening.resumed = true;
    const offer = this.events.pendingOffer();
    opening.carries = offer?.generation ?? null;
    if (offer) this.isBetween = false;
    const { callId, token } = this.claim;
    opening.socket.send(JSON.stringify({ type: 'resume', callId, token, ...description(offer) }));
  }

  /**
   * @param {WebSocket} socket
   * @param {ServerMessage} message
   */
  receive(socket, message) {
    if (this.closed) return;
    if (socket === this.opening?.socket && message.type === 'ready') {
      this.greeted(this.opening, message);
    } else if (socket === this.socket || socket === this.opening?.socket) {
      if (message.type === 'answer' && this.isBetween) return;
      if (message.type === 'answer') this.answered();
      this.events.onMessage(message);
    }
  }

  answered() {
    this.tools.clearTimeout(this.answerTimer);
    const { callId, token } = /** @type {Ready} */ (this.ready);
    this.claim = { callId, token, rejoin: false };
  }

  /**
   * @param {Opening} opening
   * @param {Ready} ready
   */
  greeted(opening, ready) {
    opening.greetings += 1;
    // The server greets the socket itself first, then its `resume`.
    if (opening.resumed && opening.greetings === 1) return;
    this.tools.clearTimeout(opening.timer);
    this.opening = null;
    this.socket?.close();
    this.socket = opening.socket;
    this.ready = ready;
    this.failures = 0;
    if (this.tools.now() - opening.since < GREETING_MS[0] / 2) this.ungreeted = 0;
    const offer = this.events.pendingOffer();
    if (offer && offer.generation !== opening.carries) this.send(offer);
    for (const message of this.waiting.splice(0)) this.socket.send(JSON.stringify(message));
    this.events.onReady(ready);
  }

  /** Opens a socket again, if the server closed one that nobody used. */
  wake() {
    if (!this.isAsleep) return;
    this.isAsleep = false;
    if (!this.closed && !this.opening) this.open();
  }

  /**
   * @param {WebSocket} socket
   * @param {number} [code] why it was closed
   */
  lost(socket, code) {
    if (this.closed || (socket !== this.socket && socket !== this.opening?.socket)) return;
    if (socket === this.socket) {
      this.socket = null;
      this.events.onLost();
      this.isAsleep = code === CLOSE_IDLE && !this.claim && !this.events.pendingOffer();
      if (this.isAsleep || this.opening) return;
    } else {
      this.tools.clearTimeout(this.opening?.timer);
      this.opening = null;
    }
    this.reopenLater();
  }

  reopenLater() {
    const wait = nth(REOPEN_MS, this.failures);
    this.failures += 1;
    this.tools.clearTimeout(this.reopenTimer);
    this.reopenTimer = this.tools.setTimeout(() => {
      if (!this.closed && !this.opening) this.open();
    }, wait);
  }
}

/**
 * @param {Offer|null} offer
 * @returns {{offer?: object}}
 */
function description(offer) {
  if (!offer) return {};
  const { type, ...description } = offer;
  return { offer: description };
}
