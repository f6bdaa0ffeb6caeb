/**
 * Makes and keeps a call: carries out what the reducers in call.js and recovery.js decide, with the
 * microphone, the socket and the peer connection. Knows nothing of the page around it.
 *
 * @typedef {import('./call.js').Call} Call
 * @typedef {import('./signal.js').Message} Message
 *
 * @typedef {object} CallerEvents
 * @property {(call: Call) => void} onCall the state changed
 * @property {(stream: MediaStream) => void} onMicrophone
 * @property {(stream: MediaStream) => void} onRemote
 * @property {(state: RTCIceConnectionState) => void} onIce
 * @property {(ms: number) => void} onRoundTrip
 *
 * @typedef {object} Tools
 * @property {import('./api.js').Api} api
 * @property {() => Promise<MediaStream>} openMicrophone
 * @property {(configuration: RTCConfiguration) => RTCPeerConnection} makePeer
 * @property {(url: string) => WebSocket} openSocket
 * @property {(ticket: string) => string} socketUrl
 * @property {import('./world.js').Clock} clock
 *
 * @typedef {object} Wishes
 * @property {import('./ice.js').IceWay} way
 * @property {string|null} voice
 */

import { TICKET_LASTS_MS } from './api.js';
import { CONNECT_MS, IDLE, advance, isLive } from './call.js';
import { Heartbeat, LABEL } from './heartbeat.js';
import { configurationFor } from './ice.js';
import { MicrophoneError, stop } from './microphone.js';
import { Peer } from './peer.js';
import * as recovery from './recovery.js';
import { Signal } from './signal.js';
import { Timeline } from './timeline.js';

const TICK_MS = 500;

/** A refusal before the call is up ends it; these only need another ticket. */
const NEEDS_TICKET = new Set(['ticket_expired', 'ticket_used', 'ticket_invalid']);
const HARMLESS = new Set(['bad_message', 'too_large', 'unknown_attempt', 'no_call']);

export class Caller {
  /** @type {Call} */
  call = IDLE;
  recovery = recovery.WELL;
  restarts = 0;
  /** Counts calls: what an earlier one was still waiting for must not touch the present one. */
  generation = 0;
  ticketAt = 0;
  ticketRefreshed = false;
  /** @type {Signal|null} */
  signal = null;
  /** @type {Peer|null} */
  peer = null;
  /** @type {MediaStream|null} */
  microphone = null;
  /** @type {Heartbeat|null} */
  heartbeat = null;
  /** @type {RTCDataChannel|null} */
  channel = null;
  /** @type {Promise<import('./api.js').IceConfiguration>|null} */
  ice = null;
  connectTimer = null;
  tickTimer = null;

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
    this.useTicket(ticket);
  }

  tap() {
    this.ticketRefreshed = false;
    this.happen({ type: 'tap' });
  }

  hangUp() {
    this.happen({ type: 'hang-up' });
  }

  /** @param {boolean} muted */
  mute(muted) {
    for (const track of this.microphone?.getAudioTracks() ?? []) track.enabled = !muted;
    this.timeline.add('mute', { muted });
  }

  restartIce() {
    this.recover({ type: 'hint', reason: 'developer' });
  }

  /** @param {string} reason something that may have cost the path */
  hint(reason) {
    if (this.call.state === 'connected' || this.call.state === 'recovering') {
      this.recover({ type: 'hint', reason });
    }
  }

  /** The page is going away: say so while there is time. */
  leave() {
    this.timeline.flush();
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
      case 'say-bye':
        this.timeline.flush();
        this.signal?.send({ type: 'bye', reason: this.call.reason });
        break;
      case 'release':
        this.timeline.flush();
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
      this.happen({ type: 'failure', reason: 'internal' });
    }
  }

  async askMicrophone() {
    const { generation } = this;
    if (this.tools.clock.now() - this.ticketAt > TICKET_LASTS_MS || !this.signal) {
      await this.refreshTicket();
      if (generation !== this.generation || this.call.state !== 'asking-mic') return;
    }
    const stream = await this.tools.openMicrophone();
    if (generation !== this.generation || this.call.state !== 'asking-mic') {
      stop(stream); // hung up while the browser was asking
      return;
    }
    this.microphone = stream;
    this.events.onMicrophone(stream);
    this.happen({ type: 'microphone-ready' });
  }

  async connect() {
    const { generation } = this;
    const { clock } = this.tools;
    this.connectTimer = clock.setTimeout(() => this.tooSlow(), CONNECT_MS);
    this.tickTimer = clock.setTimeout(() => this.tick(), TICK_MS);
    const configuration = await /** @type {NonNullable<typeof this.ice>} */ (this.ice);
    if (generation !== this.generation) return;
    this.openPeer(configurationFor(configuration.iceServers, this.wishes.way));
  }

  /** @param {RTCConfiguration} configuration */
  openPeer(configuration) {
    const pc = this.tools.makePeer(configuration);
    this.peer = new Peer(pc, {
      send: (message) => this.sendFromPeer(message),
      onEvent: (kind, detail) => this.timeline.add(kind, detail),
      onIce: (state) => this.iceChanged(state),
      onConnection: (state) => this.connectionChanged(state),
      onRemote: (stream) => this.events.onRemote(stream),
    });
    this.channel = pc.createDataChannel(LABEL, { ordered: true });
    const stream = /** @type {MediaStream} */ (this.microphone);
    for (const track of stream.getAudioTracks()) pc.addTrack(track, stream);
  }

  /** @param {Message} message */
  sendFromPeer(message) {
    const { voice } = this.wishes;
    if (message.type === 'offer' && message.attempt === 1 && voice) message.voice = voice;
    if (message.type === 'offer' && message.attempt > 1) {
      this.restarts += 1;
      this.timeline.add('restart', { attempt: message.attempt });
    }
    this.signal?.send(message);
  }

  // What the peer connection says.

  /** @param {RTCIceConnectionState} state */
  iceChanged(state) {
    this.timeline.add('ice', { state });
    this.events.onIce(state);
    const up = state === 'connected' || state === 'completed';
    // Before the first DTLS handshake a path alone is not yet a call.
    if (up && this.call.state !== 'connecting') this.recover({ type: 'path-up' });
    if (state === 'disconnected' || state === 'failed') this.pathDown('path_lost');
  }

  /** @param {RTCPeerConnectionState} state */
  connectionChanged(state) {
    this.timeline.add('connection', { state });
    if (state === 'connected') {
      this.tools.clock.clearTimeout(this.connectTimer);
      this.startHeartbeat();
      this.happen({ type: 'path-up' });
      this.recover({ type: 'path-up' });
    } else if (state === 'failed') {
      this.pathDown('path_lost');
    }
  }

  startHeartbeat() {
    if (this.heartbeat || !this.channel || !this.signal?.ready) return;
    this.heartbeat = new Heartbeat(
      this.channel,
      this.signal.ready.heartbeat,
      {
        onRoundTrip: (ms) => {
          this.timeline.add('heartbeat', { rtt_ms: ms });
          this.events.onRoundTrip(ms);
        },
        onDead: () => this.recover({ type: 'hint', reason: 'heartbeat_lost' }),
      },
      this.tools.clock,
    );
  }

  // What the server says.

  /** @param {Message} message */
  async receive(message) {
    switch (message.type) {
      case 'answer':
        await this.peer?.takeAnswer(message.sdp, message.attempt);
        break;
      case 'candidate':
        await this.peer?.takeCandidate(message.candidate, message.attempt);
        break;
      case 'ice':
        this.peer?.pc.setConfiguration(configurationFor(message.iceServers, this.wishes.way));
        break;
      case 'bye':
        this.happen({ type: 'bye', reason: message.reason });
        break;
      case 'error':
        await this.refused(message);
        break;
    }
  }

  /** @param {Message} error */
  async refused({ code, message }) {
    this.timeline.add('refused', { code, message });
    if (code === 'heartbeat_lost') {
      this.hint('heartbeat_lost');
    } else if (code === 'call_unknown') {
      this.happen({ type: 'bye', reason: 'call_lost' });
    } else if (NEEDS_TICKET.has(code) && !isLive(this.call.state)) {
      // The next tap gets a fresh one.
      this.signal?.close();
      this.signal = null;
    } else if (NEEDS_TICKET.has(code) && this.call.state === 'connecting' && !this.ticketRefreshed) {
      await this.startOver();
    } else if (!HARMLESS.has(code) && this.call.state === 'connecting') {
      this.happen({ type: 'failure', reason: code });
    } else {
      console.warn(`the server refused a message: ${code}: ${message}`);
    }
  }

  /** The ticket was no good: the same call, with another one. */
  async startOver() {
    const { generation } = this;
    this.ticketRefreshed = true;
    this.peer?.close();
    await this.refreshTicket();
    const configuration = await /** @type {NonNullable<typeof this.ice>} */ (this.ice);
    if (generation !== this.generation) return;
    this.openPeer(configurationFor(configuration.iceServers, this.wishes.way));
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
    this.ticketAt = this.tools.clock.now();
    this.signal?.close();
    this.signal = new Signal(
      this.tools.socketUrl(ticket),
      {
        onMessage: (message) => this.attempt(() => this.receive(message)),
        onReady: () => this.timeline.add('socket', { state: 'ready' }),
        onLost: () => this.timeline.add('socket', { state: 'lost' }),
      },
      { open: this.tools.openSocket, setTimeout: this.tools.clock.setTimeout },
    );
    // Without an ICE configuration there are still host candidates, and on many networks they do.
    this.ice = this.tools.api.ice(ticket).catch((error) => {
      console.warn(error);
      return { iceServers: [], ttl: 0 };
    });
  }

  // Time, and trouble.

  tooSlow() {
    const reason = this.signal?.admitted ? 'network_blocked' : 'server_unreachable';
    this.happen({ type: 'too-slow', reason });
  }

  tick() {
    this.recover({ type: 'tick' });
    if (isLive(this.call.state)) {
      this.tickTimer = this.tools.clock.setTimeout(() => this.tick(), TICK_MS);
    }
  }

  /** @param {string} reason */
  pathDown(reason) {
    if (this.call.state !== 'connected') return;
    this.happen({ type: 'path-down', reason });
    this.recover({ type: 'path-down', reason });
  }

  /** @param {recovery.RecoveryEvent} event */
  recover(event) {
    const { recovery: next, actions } = recovery.advance(
      this.recovery,
      event,
      this.tools.clock.now(),
    );
    this.recovery = next;
    if (event.type === 'path-up') this.happen({ type: 'path-up' });
    for (const action of actions) {
      if (action.type === 'restart-ice') this.peer?.restartIce();
      else this.happen({ type: 'bye', reason: action.reason });
    }
  }

  /** The call is over: give everything back, the microphone first. */
  release() {
    this.generation += 1;
    if (this.microphone) stop(this.microphone);
    this.microphone = null;
    this.tools.clock.clearTimeout(this.connectTimer);
    this.tools.clock.clearTimeout(this.tickTimer);
    this.heartbeat?.stop();
    this.heartbeat = null;
    this.channel = null;
    this.peer?.close();
    this.peer = null;
    this.signal?.close();
    this.signal = null;
    this.recovery = recovery.WELL;
    this.restarts = 0;
  }
}
