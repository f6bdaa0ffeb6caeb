/**
 * One attempt at a call, from the page that offers it to its end. It owns everything that the call
 * needs: the ticket, the socket, the microphone and the link. It is disposed of as a whole; results that
 * arrive after that have no effect.
 *
 * @typedef {import('./call.js').Call} Call
 * @typedef {import('../link/signal.js').PageMessage} PageMessage
 * @typedef {import('../link/signal.js').ServerMessage} ServerMessage
 * @typedef {import('../link/signal.js').Offer} Offer
 * @typedef {NonNullable<Offer['voice']>} Voice
 *
 * @typedef {object} AttemptOwner
 * @property {() => Call} call its present state
 * @property {(event: import('./call.js').CallEvent) => void} happen
 * @property {(kind: string, detail?: import('../link/timeline.js').Detail) => void} note for the timeline
 * @property {(pong: {at: number, now: number}) => void} onPong the server's answer to a ping
 *
 * @typedef {object} AttemptEvents
 * @property {(stream: MediaStream) => void} onMicrophone this one is in use from now on
 * @property {(trouble: import('./capture.js').Trouble) => void} onTrouble with the microphone; '' when it is over
 * @property {(text: string) => void} onCaption what the bot begins to say
 * @property {(ms: number) => void} onTurn how long the bot's answer took
 * @property {(place: number) => void} onPlace the person waits for a line, and comes so soon; 1 is next
 *
 * @typedef {import('../link/supervisor.js').LinkSink & AttemptEvents} AttemptSink what a page shows of a
 *   call; it is told directly
 *
 * @typedef {object} Tools
 * @property {import('../link/api.js').Api} api
 * @property {import('./memory.js').Memory} memory
 * @property {() => Promise<MediaStream>} openMicrophone
 * @property {(configuration: RTCConfiguration) => RTCPeerConnection} makePeer
 * @property {(ticket: string) => WebSocket} openSocket
 * @property {import('../lib/clock.js').Clock} clock
 *
 * @typedef {object} Wishes
 * @property {import('../link/ice.js').IceWay|null} way the only one to use; null: any
 * @property {Voice|null} voice null: the server's choice
 */

import { GRACE_MS } from '../generated/shared.js';
import { Signal } from '../link/signal.js';
import { Admission } from './admission.js';
import { CONNECT_MS, isComingUp } from './call.js';
import { CallLink } from './call_link.js';
import { Capture } from './capture.js';
import { CallError } from './errors.js';
import { MicrophoneError, stop } from './microphone.js';
import { consequenceOf } from './refusals.js';

/** How long the page may take to find a relay that does not answer the bot. */
const RELAY_MS = 3_000;
/** A call that moves to another worker takes less. After this the person is told. */
const MOVE_MS = 1_000;

export class CallAttempt {
  disposed = false;
  /** Whether the ticket was renewed because the server refused it, or lost the call. */
  hasNewTicket = false;
  /** @type {Signal|null} */
  signal = null;
  /** @type {Capture|null} */
  capture = null;
  /** Resolves when the server has greeted the present socket. @type {Promise<unknown>} */
  greeting = Promise.resolve();
  greeted = () => {};

  /**
   * @param {import('./memory.js').Kept|null} kept the call to go back to
   * @param {Wishes} wishes
   * @param {AttemptOwner} owner
   * @param {AttemptSink} sink
   * @param {Tools} tools
   */
  constructor(kept, wishes, owner, sink, tools) {
    this.wishes = wishes;
    this.owner = owner;
    this.sink = sink;
    this.tools = tools;
    this.admission = new Admission(tools.api, tools.clock, kept);
    this.link = new CallLink(wishes.way, this.line(), this.linkOwner(), sink, tools);
  }

  /** Gives everything back, the microphone first. */
  dispose() {
    this.disposed = true;
    this.capture?.stop();
    this.link.stop();
    this.signal?.close();
  }

  // Events that come too late end here.

  /** @param {import('./call.js').CallEvent} event */
  happen(event) {
    if (!this.disposed) this.owner.happen(event);
  }

  /**
   * Runs the work. An unexpected error ends the call with a reason: nothing may fail in silence.
   *
   * @param {() => Promise<void>} work
   */
  async guarded(work) {
    if (this.disposed) return;
    try {
      await work();
    } catch (error) {
      if (this.disposed) console.info('after the end of the call', error);
      else this.fail(error);
    }
  }

  /**
   * Waits for a result inside `guarded`.
   *
   * @template T
   * @param {Promise<T>} result
   * @returns {Promise<T>}
   * @throws {Error} the attempt was disposed of meanwhile
   */
  async inTime(result) {
    const value = await result;
    if (this.disposed) throw new Error('too late');
    return value;
  }

  /** @param {unknown} error */
  fail(error) {
    if (error instanceof CallError) {
      console.warn(error);
      if (error instanceof MicrophoneError) {
        this.owner.note('microphone', { error: error.message.slice(0, 200) });
      } else if (this.signal?.claim) {
        this.send({ type: 'bye', reason: error.code });
      }
      this.happen({ type: 'failure', reason: error.code });
      return;
    }
    console.error(error);
    this.send({ type: 'bye', reason: 'internal' });
    this.happen({ type: 'failure', reason: 'internal' });
  }

  // Tickets and sockets.

  /**
   * Does everything that a tap would otherwise wait for.
   *
   * @param {string} ticket
   * @param {number} [lifeMs] how long the server accepts it
   */
  useTicket(ticket, lifeMs) {
    this.admission.use(ticket, lifeMs);
    this.openSocket();
  }

  async renewTicket() {
    const { ticket, expiresIn } = await this.inTime(this.admission.renew());
    this.useTicket(ticket, expiresIn * 1000);
  }

  openSocket() {
    this.greeting = new Promise((resolve) => {
      this.greeted = () => resolve(undefined);
    });
    const { clock, openSocket } = this.tools;
    this.signal?.close();
    const { ticket, claim } = this.admission;
    this.signal = new Signal(ticket, this.signalEvents(), { ...clock, open: openSocket }, claim);
  }

  /** @returns {import('../link/signal.js').SignalEvents} */
  signalEvents() {
    const { tools } = this;
    return {
      onMessage: (message) => this.guarded(() => this.receive(message)),
      onReady: () => {
        this.greeted();
        this.owner.note('socket', { state: 'ready' });
        this.send({ type: 'ping', at: tools.clock.now() });
        this.link.supervisor?.socketReady();
        if (this.isWaiting) this.waitAgain();
      },
      onLost: () => {
        this.owner.note('socket', { state: 'lost' });
        if (this.isWaiting) this.link.allow(CONNECT_MS, () => this.tooSlow());
      },
      pendingOffer: () => {
        const offer = this.link.supervisor?.peer.pendingOffer;
        return offer ? this.opening(offer) : null;
      },
    };
  }

  /** @param {PageMessage} message */
  send(message) {
    this.signal?.send(message);
  }

  /**
   * @param {Offer} offer
   * @returns {Offer} one that opens a call names its voice, or says that it rejoins a call
   */
  opening(offer) {
    const { voice } = this.wishes;
    if (this.signal?.claim?.rejoin) return { ...offer, rejoin: true };
    return offer.generation === 1 && voice ? { ...offer, voice } : offer;
  }

  /** There is no call to go back to. From now on this is the attempt at an ordinary call. */
  forgetKept() {
    this.admission.kept = null;
    this.tools.memory.forgetCall();
    this.happen({ type: 'not-kept' });
    if (this.admission.ticket) this.openSocket();
  }

  // The microphone.

  async askMicrophone() {
    if (this.admission.isStale) await this.renewTicket();
    this.signal?.wake();
    const stream = await this.tools.openMicrophone();
    if (this.disposed) {
      stop(stream); // the person hung up while the browser was asking
      return;
    }
    this.capture = new Capture(stream, this.tools.openMicrophone, this.captureEvents(), this.tools.clock);
    this.sink.onMicrophone(stream);
    this.happen({ type: 'microphone-ready' });
  }

  /** @returns {import('./capture.js').CaptureEvents} */
  captureEvents() {
    return {
      onStream: (stream) => {
        this.link.supervisor?.sendTrack(stream.getAudioTracks()[0]);
        this.sink.onMicrophone(stream);
      },
      onTrouble: this.sink.onTrouble,
      note: this.owner.note,
    };
  }

  // The link.

  async connect() {
    this.link.allow(CONNECT_MS, () => this.tooSlow());
    this.signal?.wake(); // the browser's question about the microphone may have waited for a minute
    // The greeting names the network, and so the way that is remembered for it. The offer waits for it anyway.
    await this.inTime(this.greeting);
    await this.openLink();
  }

  // The line.

  get isWaiting() {
    return this.owner.call().state === 'waiting';
  }

  /** @param {number} place */
  waitInLine(place) {
    this.link.stop(); // an offer of now would be too old when there is a line
    this.happen({ type: 'waiting' });
    this.sink.onPlace(place);
  }

  /** The server has kept the place for this page's next socket. */
  waitAgain() {
    this.link.stop();
    this.send({ type: 'wait' });
  }

  /** The call is lost: makes another one on the same microphone, and the person need not do anything. */
  async callAgain() {
    this.send({ type: 'bye', reason: 'call_lost' });
    await this.startOver();
  }

  /** Connects with the same microphone, another ticket and another peer connection. */
  async startOver() {
    this.hasNewTicket = true;
    this.admission.kept = null;
    this.link.stop();
    await this.renewTicket();
    await this.connect();
  }

  /** Goes on with the same call and the same microphone over another peer connection. */
  async replacePeer() {
    if (this.link.supervisor?.isConnecting) {
      this.happen({ type: 'lost', reason: 'call_lost' }); // this one is a replacement already
      return;
    }
    this.owner.note('peer-replaced');
    this.happen({ type: 'path-down', reason: 'path_lost' });
    this.signal?.rejoin();
    this.link.stop();
    this.link.allow(GRACE_MS, () => this.happen({ type: 'lost', reason: 'call_lost' }));
    await this.openLink();
  }

  /** Another worker has the call from now on, over another peer connection. The present one may still play. */
  async move() {
    const { supervisor } = this.link;
    // A page that was reloaded and not tapped has nothing to move: its first offer will rejoin.
    if (!supervisor) return;
    this.owner.note('moving');
    const configuration = await this.inTime(this.admission.ice);
    this.signal?.rejoin();
    const { stream } = /** @type {Capture} */ (this.capture);
    this.link.move(configuration, stream);
    if (supervisor.isConnecting) return; // it has as long as it had
    this.link.allow(MOVE_MS, () => {
      this.happen({ type: 'path-down', reason: 'path_lost' });
      this.link.allow(GRACE_MS, () => this.happen({ type: 'lost', reason: 'call_lost' }));
    });
  }

  async openLink() {
    const configuration = await this.inTime(this.admission.ice);
    const { stream } = /** @type {Capture} */ (this.capture);
    this.link.open(configuration, stream);
  }

  /** @returns {import('./call_link.js').CallLine} */
  line() {
    return {
      send: (message) => this.send(message.type === 'offer' ? this.opening(message) : message),
      replace: () => this.signal?.replace(),
      network: () => this.signal?.ready?.network ?? '',
    };
  }

  /** @returns {import('../link/supervisor.js').LinkOwner} */
  linkOwner() {
    return {
      onConnected: () => {
        this.link.connected(this.signal?.ready?.heartbeat);
        this.admission.kept = null;
      },
      onDown: (reason) => this.happen({ type: 'path-down', reason }),
      onUp: () => this.happen({ type: 'path-up' }),
      onBroken: () => this.guarded(() => this.replacePeer()),
      onLost: (reason) => this.happen({ type: 'lost', reason }),
      onSpoken: (energy) => this.capture?.look(energy),
      onRemember: (way) => this.tools.memory.keepWay(this.link.line.network(), way),
      note: this.owner.note,
    };
  }

  tooSlow() {
    const blocked = this.owner.call().renewed ? 'call_lost' : this.link.obstacle;
    this.happen({ type: 'too-slow', reason: this.signal?.admitted ? blocked : 'server_unreachable' });
  }

  /**
   * A call that may use nothing but a relay is told at once that there is none.
   *
   * @param {import('../link/ice.js').IceWay[]} protocols over which no TURN server answers the bot
   */
  relaysDied(protocols) {
    const { link } = this;
    const known = link.deadRelays.size;
    for (const one of protocols) link.deadRelays.add(one);
    const { way } = this.wishes;
    if (link.deadRelays.size === known || !way || !isComingUp(this.owner.call())) return;
    if (link.obstacle !== 'relay_down') return;
    link.allow(RELAY_MS, () => {
      if (link.obstacle === 'relay_down') this.tooSlow();
      else link.allow(CONNECT_MS, () => this.tooSlow()); // the page has found one after all
    });
  }

  // Messages of the server.

  /** @param {ServerMessage} message */
  async receive(message) {
    const { supervisor } = this.link;
    switch (message.type) {
      case 'answer':
        await supervisor?.peer.takeAnswer(message.sdp, message.generation);
        break;
      case 'candidate':
        await supervisor?.peer.takeCandidate(message.candidate, message.generation);
        break;
      case 'hears':
        supervisor?.heardByBot(message.media);
        break;
      case 'dead-relays':
        this.relaysDied(message.protocols);
        break;
      case 'pong':
        this.owner.onPong(message);
        break;
      case 'says':
        this.sink.onCaption(message.text);
        break;
      case 'waiting':
        this.waitInLine(message.place);
        break;
      case 'enter':
        this.happen({ type: 'enter' });
        break;
      case 'turn':
        this.sink.onTurn(message.ms);
        break;
      case 'ice':
        await this.takeServers(message);
        break;
      case 'bye':
        if (message.reason === 'call_lost') this.lost();
        else this.happen({ type: 'bye', reason: message.reason });
        break;
      case 'move':
        await this.move();
        break;
      case 'error':
        await this.refused(message);
        break;
    }
  }

  /** @param {import('../link/api.js').IceConfiguration} configuration */
  async takeServers(configuration) {
    const isBetter = await this.inTime(this.admission.replaceServers(configuration));
    if (isBetter) this.link.useServers(configuration);
  }

  /** @param {import('../generated/messages.js').Error} error */
  async refused({ code, message }) {
    this.owner.note('refused', { code, message });
    switch (consequenceOf(code, this.owner.call(), this.hasNewTicket)) {
      case 'restart':
        this.link.supervisor?.hint(code);
        break;
      case 'lost':
        this.lost();
        break;
      case 'spend-ticket':
        this.signal?.close();
        this.signal = null;
        this.admission.spend();
        break;
      case 'renew-ticket':
        await this.startOver();
        break;
      case 'fail':
        this.happen({ type: 'failure', reason: code });
        break;
      case 'ignore':
        console.warn(`the server refused a message: ${code}: ${message}`);
    }
  }

  /** The server no longer has this call. */
  lost() {
    if (!this.admission.kept) this.happen({ type: 'lost', reason: 'call_lost' });
    else if (this.capture) this.guarded(() => this.startOver());
    else this.forgetKept();
  }
}
