/**
 * The socket to the server: opened before the call, replaced in the background during it.
 *
 * @typedef {{type: string} & Record<string, any>} Message
 *
 * @typedef {object} SignalEvents
 * @property {(message: Message) => void} onMessage everything but `ready`
 * @property {() => void} onReady the server has greeted this socket
 * @property {() => void} onLost the socket closed, and will be reopened
 */

/** Waits before the first, second, … attempt to reopen; the last one repeats. */
export const REOPEN_MS = [0, 500, 1_000, 2_000, 4_000, 5_000];

const MAX_WAITING = 200;

export class Signal {
  /** @type {WebSocket|null} */
  socket = null;
  /** @type {Message|null} the server's greeting: call id, token, heartbeat terms */
  ready = null;
  /** Whether messages reach the call now. */
  isReady = false;
  resuming = false;
  failures = 0;
  closed = false;
  /** Whether the bot has the call: then a new socket resumes it. */
  admitted = false;
  /** @type {Message|null} the offer that is not answered yet */
  unanswered = null;
  /** @type {Message|null} the offer that went along with a `resume` still unanswered */
  resumedWith = null;
  /** @type {Message[]} */
  waiting = [];

  /**
   * @param {string} url with the ticket
   * @param {SignalEvents} events
   * @param {object} world
   * @param {(url: string) => WebSocket} world.open
   * @param {(then: () => void, ms: number) => any} world.setTimeout
   */
  constructor(url, events, world) {
    this.url = url;
    this.events = events;
    this.world = world;
    this.open();
  }

  /** @param {Message} message sent now, or when the socket is ready */
  send(message) {
    if (message.type === 'offer') this.unanswered = message;
    if (this.isReady) {
      this.socket?.send(JSON.stringify(message));
    } else if (message.type !== 'offer' && this.waiting.length < MAX_WAITING) {
      this.waiting.push(message);
    }
  }

  close() {
    this.closed = true;
    this.socket?.close();
  }

  open() {
    const socket = this.world.open(this.url);
    this.socket = socket;
    socket.onmessage = (event) => this.receive(socket, JSON.parse(event.data));
    socket.onclose = () => this.lost(socket);
  }

  /**
   * @param {WebSocket} socket
   * @param {Message} message
   */
  receive(socket, message) {
    if (socket !== this.socket) return;
    if (message.type === 'ready') {
      this.greeted(message);
      return;
    }
    if (message.type === 'answer') {
      this.admitted = true;
      if (message.attempt === this.unanswered?.attempt) this.unanswered = null;
    }
    this.events.onMessage(message);
  }

  /** @param {Message} ready */
  greeted(ready) {
    if (this.admitted && !this.resuming) {
      // The greeting of a new socket; the answer to our resume is the next one.
      this.resuming = true;
      this.socket?.send(JSON.stringify(this.resumption()));
      return;
    }
    this.ready = ready;
    this.isReady = true;
    this.resuming = false;
    this.failures = 0;
    if (this.unanswered && this.unanswered !== this.resumedWith) {
      this.socket?.send(JSON.stringify(this.unanswered));
    }
    this.resumedWith = null;
    for (const message of this.waiting.splice(0)) this.socket?.send(JSON.stringify(message));
    this.events.onReady();
  }

  /** @returns {Message} */
  resumption() {
    const { callId, token } = /** @type {Message} */ (this.ready);
    this.resumedWith = this.unanswered;
    const offer = this.unanswered && { sdp: this.unanswered.sdp, attempt: this.unanswered.attempt };
    return { type: 'resume', callId, token, ...(offer && { offer }) };
  }

  /** @param {WebSocket} socket */
  lost(socket) {
    if (socket !== this.socket || this.closed) return;
    this.socket = null;
    this.isReady = false;
    this.resuming = false;
    this.resumedWith = null;
    const wait = REOPEN_MS[Math.min(this.failures, REOPEN_MS.length - 1)];
    this.failures += 1;
    this.events.onLost();
    this.world.setTimeout(() => {
      if (!this.closed) this.open();
    }, wait);
  }
}
