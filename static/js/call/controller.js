/**
 * Makes a call and ends it: carries out what the reducer in call.js decides, with the microphone, the
 * tickets and the socket. While it is up, its path is the keeper's. Knows nothing of the page around.
 *
 * @typedef {import('./call.js').Call} Call
 * @typedef {import('../link/ice.js').IceWay} IceWay
 * @typedef {import('../link/signal.js').Message} Message
 *
 * @typedef {object} CallerEvents
 * @property {(call: Call) => void} onCall the state changed
 * @property {(stream: MediaStream) => void} onMicrophone the one in use from now on
 * @property {(trouble: import('./capture.js').Trouble) => void} onTrouble with it; '' when it is over
 * @property {(stream: MediaStream) => void} onRemote
 * @property {(state: RTCIceConnectionState) => void} onIce
 * @property {(ms: number) => void} onRoundTrip
 * @property {(text: string) => void} onCaption what the bot begins to say
 * @property {(ms: number) => void} onTurn how long the bot's answer took
 * @property {(summary: import('../link/stats.js').Summary) => void} onStats
 *
 * @typedef {object} Tools
 * @property {import('../link/api.js').Api} api
 * @property {import('./memory.js').Memory} memory
 * @property {() => Promise<MediaStream>} openMicrophone
 * @property {(configuration: RTCConfiguration) => RTCPeerConnection} makePeer
 * @property {(url: string) => WebSocket} openSocket
 * @property {(ticket: string) => string} socketUrl
 * @property {import('../lib/clock.js').Clock} clock
 *
 * @typedef {object} Wishes
 * @property {IceWay|null} way the only one to use
 * @property {string|null} voice
 */

import { TICKET_LASTS_MS } from '../link/api.js';
import { CONNECT_MS, IDLE, advance, isComingUp, isLive } from './call.js';
import { Capture } from './capture.js';
import { Credentials, hasRelay } from '../link/credentials.js';
import { configurationFor, rungs } from '../link/ice.js';
import { Keeper } from '../link/supervisor.js';
import { MicrophoneError, stop } from './microphone.js';
import { POLICY } from '../link/recovery.js';
import { Signal } from '../link/signal.js';
import { Timeline } from '../link/timeline.js';

/** A refusal before the call is up ends it; these only need another ticket. */
const NEEDS_TICKET = new Set(['ticket_expired', 'ticket_used', 'ticket_invalid']);
const HARMLESS = new Set(['bad_message', 'too_large', 'unknown_attempt', 'no_call']);

export class Caller {
  /** @type {Call} */
  call = IDLE;
  /** Counts calls: what an earlier one was still waiting for must not touch the present one. */
  generation = 0;
  ticket = '';
  ticketAt = 0;
  ticketRefreshed = false;
  /** @type {Signal|null} */
  signal = null;
  /** @type {Keeper|null} */
  keeper = null;
  /** @type {Capture|null} */
  capture = null;
  /** @type {Promise<import('../link/api.js').IceConfiguration>|null} */
  ice = null;
  connectTimer = null;

  /**
   * @param {string} ticket that came with the page
   * @param {Wishes} wishes
   * @param {CallerEvents} events
   * @param {Tools} tools
   */
  constructor(ticket, wishes, events, tools) {
    this.wishes = wishes;
    this.events = events;
    this.tools = tools;
    this.timeline = new Timeline((message) => this.signal?.send(message), tools.clock);
    this.credentials = new Credentials(() => this.signal?.send({ type: 'ice' }), tools.clock);
    this.kept = tools.memory.keptCall();
    this.useTicket(ticket);
    if (this.kept) this.happen({ type: 'kept' });
  }

  tap() {
    this.ticketRefreshed = false;
    this.happen({ type: 'tap' });
  }

  /** The call of before the reload is not wanted back. */
  forgetKept() {
    if (!this.kept) return;
    this.signal?.send({ type: 'bye', reason: 'hangup' });
    this.notKept();
  }

  hangUp() {
    this.happen({ type: 'hang-up' });
  }

  /** @param {boolean} muted */
  mute(muted) {
    if (this.capture) this.capture.track.enabled = !muted;
    this.timeline.add('mute', { muted });
  }

  /** @param {string} reason something that may have cost the path */
  hint(reason) {
    this.keeper?.hint(reason);
  }

  /** @param {boolean} hidden the page is in the background, where a phone may freeze it */
  visibility(hidden) {
    if (this.keeper) this.signal?.send({ type: 'visibility', hidden });
    if (!hidden) this.capture?.returned();
  }

  /** The page is going away, for good or only to be reloaded: say so while there is time. */
  leave() {
    this.timeline.flush();
    this.keeper?.settleUp();
    const { ready } = this.signal ?? {};
    const up = this.call.state === 'connected' || this.call.state === 'recovering';
    if (up && ready) this.tools.memory.keepCall(ready.callId, ready.token);
    if (isLive(this.call.state)) this.signal?.send({ type: 'bye', reason: 'page_closed' });
    this.release();
  }

  // What the call's reducer decides.

  /** @param {import('./call.js').CallEvent} event */
  happen(event) {
    const before = this.call;
    const { call, effects } = advance(before, event);
    this.call = call;
    if (call !== before) {
      this.timeline.add('state', { state: call.state, reason: call.reason });
      this.events.onCall(call);
    }
    for (const effect of effects) this.carryOut(effect);
  }

  /** @param {import('./call.js').Effect} effect */
  carryOut(effect) {
    switch (effect) {
      case 'ask-microphone':
        this.generation += 1;
        this.attempt(() => this.askMicrophone());
        break;
      case 'connect':
        this.attempt(() => this.connect());
        break;
      case 'call-again':
        this.attempt(() => this.callAgain());
        break;
      case 'say-bye':
        this.timeline.flush();
        this.keeper?.settleUp();
        this.signal?.send({ type: 'bye', reason: this.call.reason });
        break;
      case 'release':
        this.timeline.flush();
        this.tools.memory.forgetCall();
        this.release();
        break;
    }
  }

  /**
   * Nothing may end in silence: what goes wrong unexpectedly ends the call with a reason.
   *
   * @param {() => Promise<void>} work
   */
  async attempt(work) {
    const { generation } = this;
    try {
      await work();
    } catch (error) {
      if (generation !== this.generation) {
        console.info('an earlier call’s', error);
        return;
      }
      if (error instanceof MicrophoneError) {
        this.timeline.add('microphone', { error: error.message.slice(0, 200) });
        this.happen({ type: 'failure', reason: error.code });
        return;
      }
      console.error(error);
      this.signal?.send({ type: 'bye', reason: 'internal' });
      this.happen({ type: 'failure', reason: 'internal' });
    }
  }

  async askMicrophone() {
    const { generation } = this;
    const isOld = this.tools.clock.now() - this.ticketAt > TICKET_LASTS_MS;
    if (!this.signal || (isOld && !this.kept)) {
      await this.refreshTicket();
      if (generation !== this.generation || this.call.state !== 'asking-mic') return;
    }
    const stream = await this.tools.openMicrophone();
    if (generation !== this.generation || this.call.state !== 'asking-mic') {
      stop(stream); // hung up while the browser was asking
      return;
    }
    this.capture = new Capture(stream, this.tools.openMicrophone, this.captureEvents(), this.tools.clock);
    this.events.onMicrophone(stream);
    this.happen({ type: 'microphone-ready' });
  }

  /** @returns {import('./capture.js').CaptureEvents} */
  captureEvents() {
    return {
      onStream: (stream) => {
        this.keeper?.sendTrack(stream.getAudioTracks()[0]);
        this.events.onMicrophone(stream);
      },
      onTrouble: this.events.onTrouble,
      note: (kind, detail) => this.timeline.add(kind, detail),
    };
  }

  async connect() {
    const { generation } = this;
    this.connectTimer = this.tools.clock.setTimeout(() => this.tooSlow(), CONNECT_MS);
    const configuration = await /** @type {NonNullable<typeof this.ice>} */ (this.ice);
    if (generation === this.generation) this.openPeer(configuration);
  }

  /** The call is lost: another one, on the same microphone, and nobody has to do anything. */
  async callAgain() {
    this.signal?.send({ type: 'bye', reason: 'call_lost' });
    await this.startOver();
    if (isLive(this.call.state)) {
      this.connectTimer = this.tools.clock.setTimeout(() => this.tooSlow(), CONNECT_MS);
    }
  }

  /** The same call, the same microphone, another peer connection. */
  async replacePeer() {
    const { generation } = this;
    if (this.keeper?.recovery.connecting) {
      this.happen({ type: 'lost', reason: 'call_lost' }); // this is the other one already
      return;
    }
    this.timeline.add('peer-replaced');
    this.happen({ type: 'path-down', reason: 'path_lost' });
    this.signal?.rejoin();
    this.hangUpPeer();
    this.connectTimer = this.tools.clock.setTimeout(
      () => this.happen({ type: 'lost', reason: 'call_lost' }),
      POLICY.graceMs,
    );
    const configuration = await /** @type {NonNullable<typeof this.ice>} */ (this.ice);
    if (generation === this.generation) this.openPeer(configuration);
  }

  /** @param {import('../link/api.js').IceConfiguration} configuration */
  openPeer(configuration) {
    const { iceServers } = configuration;
    const { memory, clock } = this.tools;
    const remembered = memory.way(this.signal?.ready?.network ?? '');
    const { way } = this.wishes;
    const ways = way ? [way] : rungs(iceServers);
    const home = way ?? (remembered && ways.includes(remembered) ? remembered : 'all');
    const pc = this.tools.makePeer(configurationFor(iceServers, home));
    this.keeper = new Keeper(pc, { servers: iceServers, home, ways }, this.line(), this.keeperEvents(), clock);
    this.credentials.took(configuration);
    const { stream, track } = /** @type {Capture} */ (this.capture);
    pc.addTrack(track, stream);
  }

  /** @returns {import('../link/supervisor.js').Line} */
  line() {
    return {
      send: (message) => this.signal?.send(this.forServer(message)),
      replace: () => this.signal?.replace(),
    };
  }

  /** @returns {import('../link/supervisor.js').KeeperEvents} */
  keeperEvents() {
    return {
      onConnected: () => this.connected(),
      onDown: (reason) => this.happen({ type: 'path-down', reason }),
      onUp: () => this.happen({ type: 'path-up' }),
      onBroken: () => this.attempt(() => this.replacePeer()),
      onLost: (reason) => this.happen({ type: 'lost', reason }),
      onRemote: this.events.onRemote,
      onIce: this.events.onIce,
      onRoundTrip: this.events.onRoundTrip,
      onStats: (summary) => {
        this.capture?.look(summary.spokenEnergy);
        this.events.onStats(summary);
      },
      onRemember: (way) => this.tools.memory.keepWay(this.signal?.ready?.network ?? '', way),
      note: (kind, detail) => this.timeline.add(kind, detail),
    };
  }

  connected() {
    this.tools.clock.clearTimeout(this.connectTimer);
    if (this.signal?.ready) this.keeper?.startHeartbeat(this.signal.ready.heartbeat);
    this.kept = null;
  }

  /**
   * @param {Message} message
   * @returns {Message} an offer that opens a call says with which voice, or that it is another's
   */
  forServer(message) {
    if (message.type !== 'offer') return message;
    const { voice } = this.wishes;
    if (this.signal?.claim?.rejoin) return { ...message, rejoin: true };
    return message.attempt === 1 && voice ? { ...message, voice } : message;
  }

  // What the server says.

  /** @param {Message} message */
  async receive(message) {
    const { keeper } = this;
    switch (message.type) {
      case 'answer':
        await keeper?.peer.takeAnswer(message.sdp, message.attempt);
        break;
      case 'candidate':
        await keeper?.peer.takeCandidate(message.candidate, message.attempt);
        break;
      case 'hears':
        keeper?.heardByBot(message.media);
        break;
      case 'says':
        this.events.onCaption(message.text);
        break;
      case 'turn':
        this.events.onTurn(message.ms);
        break;
      case 'ice':
        await this.takeServers(/** @type {any} */ (message));
        break;
      case 'bye':
        if (message.reason === 'call_lost') this.lost();
        else this.happen({ type: 'bye', reason: message.reason });
        break;
      case 'error':
        await this.refused(message);
        break;
    }
  }

  /**
   * What is in use still works where no provider has anything to give; it is asked again soon.
   *
   * @param {import('../link/api.js').IceConfiguration} configuration
   */
  async takeServers(configuration) {
    const { iceServers } = await /** @type {NonNullable<typeof this.ice>} */ (this.ice);
    if (hasRelay(iceServers) && !hasRelay(configuration.iceServers)) return;
    this.credentials.took(configuration);
    this.ice = Promise.resolve({ ...configuration, at: this.tools.clock.now() });
    this.keeper?.useServers(configuration.iceServers);
  }

  /** @param {Message} error */
  async refused({ code, message }) {
    this.timeline.add('refused', { code, message });
    const comingUp = isComingUp(this.call);
    if (code === 'heartbeat_lost') {
      this.hint('heartbeat_lost');
    } else if (code === 'call_unknown') {
      this.lost();
    } else if (NEEDS_TICKET.has(code) && !isLive(this.call.state)) {
      // The next tap gets a fresh one.
      this.signal?.close();
      this.signal = null;
    } else if (NEEDS_TICKET.has(code) && comingUp && !this.ticketRefreshed) {
      await this.startOver();
    } else if (!HARMLESS.has(code) && comingUp) {
      this.happen({ type: 'failure', reason: code });
    } else {
      console.warn(`the server refused a message: ${code}: ${message}`);
    }
  }

  /** The server no longer has this call. */
  lost() {
    if (this.kept && !isLive(this.call.state)) this.notKept();
    else if (this.kept) this.attempt(() => this.startOver());
    else this.happen({ type: 'lost', reason: 'call_lost' });
  }

  /** Nothing to rejoin: an ordinary page, with the ticket it came with. */
  notKept() {
    this.kept = null;
    this.tools.memory.forgetCall();
    this.happen({ type: 'not-kept' });
    this.useTicket(this.ticket);
  }

  /** The same microphone, another ticket, another peer connection. */
  async startOver() {
    const { generation } = this;
    this.ticketRefreshed = true;
    this.kept = null;
    this.hangUpPeer();
    await this.refreshTicket();
    const configuration = await /** @type {NonNullable<typeof this.ice>} */ (this.ice);
    if (generation === this.generation) this.openPeer(configuration);
  }

  // Tickets and sockets.

  async refreshTicket() {
    const { generation } = this;
    try {
      const ticket = await this.tools.api.ticket();
      if (generation === this.generation) this.useTicket(ticket);
    } catch (error) {
      console.warn(error);
      if (generation !== this.generation) return;
      this.happen({ type: 'failure', reason: 'server_unreachable' });
    }
  }

  /**
   * Everything a tap would otherwise wait for.
   *
   * @param {string} ticket
   */
  useTicket(ticket) {
    const { clock, openSocket, socketUrl, api } = this.tools;
    this.ticket = ticket;
    this.ticketAt = clock.now();
    this.signal?.close();
    const events = {
      onMessage: (/** @type {Message} */ message) => this.attempt(() => this.receive(message)),
      onReady: () => {
        this.timeline.add('socket', { state: 'ready' });
        this.keeper?.socketReady();
      },
      onLost: () => this.timeline.add('socket', { state: 'lost' }),
      pendingOffer: () => {
        const offer = this.keeper?.peer.pendingOffer;
        return offer ? this.forServer(offer) : null;
      },
    };
    const claim = this.kept && { callId: this.kept.callId, token: this.kept.token, rejoin: true };
    this.signal = new Signal(socketUrl(ticket), events, { ...clock, open: openSocket }, claim);
    // Without an ICE configuration there are still host candidates, and on many networks they do.
    this.ice = api.ice(ticket).then(
      (configuration) => ({ ...configuration, at: clock.now() }),
      (error) => {
        console.warn(error);
        return { iceServers: [], ttl: 0, partial: true };
      },
    );
  }

  // Time, and the end.

  tooSlow() {
    const blocked = this.call.renewed ? 'call_lost' : 'network_blocked';
    this.happen({ type: 'too-slow', reason: this.signal?.admitted ? blocked : 'server_unreachable' });
  }

  hangUpPeer() {
    this.tools.clock.clearTimeout(this.connectTimer);
    this.credentials.stop();
    this.keeper?.stop();
    this.keeper = null;
  }

  /** The call is over: give everything back, the microphone first. */
  release() {
    this.generation += 1;
    this.capture?.stop();
    this.capture = null;
    this.hangUpPeer();
    this.signal?.close();
    this.signal = null;
    this.kept = null;
  }
}
