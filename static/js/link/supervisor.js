/**
 * Keeps the path under one call: listens, judges, and carries out what the reducer in recovery.js
 * decides, on the peer connection and the socket. Knows nothing of the call's beginning and end.
 *
 * @typedef {import('./ice.js').IceWay} IceWay
 * @typedef {import('./signal.js').Message} Message
 *
 * @typedef {object} KeeperEvents
 * @property {() => void} onConnected the first path is up, DTLS and all
 * @property {(reason: string) => void} onDown
 * @property {() => void} onUp
 * @property {() => void} onBroken this peer connection cannot be saved, the call can
 * @property {(reason: string) => void} onLost there is no saving this call
 * @property {(stream: MediaStream) => void} onRemote
 * @property {(state: RTCIceConnectionState) => void} onIce
 * @property {(ms: number) => void} onRoundTrip
 * @property {(summary: import('./stats.js').Summary) => void} onStats
 * @property {(way: IceWay) => void} onRemember UDP is crippled in this network: this way is not
 * @property {(kind: string, detail?: import('./timeline.js').Detail) => void} note for the timeline
 *
 * @typedef {object} Line what connects the keeper to the server
 * @property {(message: Message) => void} send
 * @property {() => void} replace the socket: it may be over a network that has gone
 *
 * @typedef {object} Terms
 * @property {RTCIceServer[]} servers
 * @property {IceWay} home
 * @property {readonly IceWay[]} ways
 */

import { Heartbeat, LABEL } from './heartbeat.js';
import { WITHOUT_UDP, relayUrl } from './ice.js';
import { Peer } from './peer.js';
import * as quality from './quality.js';
import { RelayMeter } from './relay.js';
import * as recovery from './recovery.js';
import { ANSWER_MS } from './signal.js';
import { summarise } from './stats.js';
import { Watch } from './silence.js';

/** A round trip measured while the page was held up for longer than this may be the page's own. */
const HELD_UP_MS = 100;
/** While all is well the statistics are looked at every second. */
const CALM_TICKS = 4;

export class Keeper {
  restarts = 0;
  ticks = 0;
  /** The pair that was selected when ICE was last restarted. */
  pairBefore = '';
  dueAt = Infinity;
  isHeldUp = false;
  quality = quality.UNKNOWN;
  /** @type {import('./stats.js').Summary|null} */
  summary = null;
  /** @type {Heartbeat|null} */
  heartbeat = null;
  /** @type {Watch|null} */
  watch = null;
  /** @type {RTCRtpReceiver|null} */
  receiver = null;
  /** ICE has found one, so there is a DTLS association, or was one. */
  hadPath = false;

  /**
   * @param {RTCPeerConnection} pc
   * @param {Terms} terms
   * @param {Line} line
   * @param {KeeperEvents} events
   * @param {import('../lib/clock.js').Clock} clock
   */
  constructor(pc, terms, line, events, clock) {
    this.pc = pc;
    this.line = line;
    this.events = events;
    this.clock = clock;
    this.relay = new RelayMeter((message) => line.send(message));
    this.recovery = recovery.begin(terms.ways, terms.home, clock.now());
    this.peer = new Peer(pc, terms.servers, terms.home, this.peerEvents(), clock.now);
    this.channel = pc.createDataChannel(LABEL, { ordered: true });
    this.tick();
  }

  /** @returns {import('./peer.js').PeerEvents} */
  peerEvents() {
    return {
      send: (message) => this.line.send(message),
      onEvent: (kind, detail) => this.events.note(kind, detail),
      onCandidate: () => this.foundNetwork(),
      onIce: (state) => this.iceChanged(state),
      onConnection: (state) => this.connectionChanged(state),
      onRemote: (stream, receiver) => {
        this.receiver = receiver;
        this.events.onRemote(stream);
      },
    };
  }

  /** @param {string} reason something that may have cost the path, or is about to */
  hint(reason) {
    this.happen({ type: 'hint', reason });
  }

  /** A new socket has the call: if the path went with the old one, some network is there again. */
  socketReady() {
    this.happen({ type: 'socket-ready' });
  }

  /** @param {boolean} media whether the bot hears this page */
  heardByBot(media) {
    if (media) this.happen({ type: 'heard' });
    // Where nothing is sent there is nothing to hear: a phone call has taken the microphone.
    else if (this.summary?.isSending) this.happen({ type: 'unheard' });
  }

  /** @param {RTCIceServer[]} servers with fresh credentials: taken up while the path is well */
  useServers(servers) {
    this.peer.useServers(servers);
    this.hint('credentials');
  }

  /** @param {MediaStreamTrack} track in place of the one before: the same stream, to the far side */
  sendTrack(track) {
    const sender = this.pc.getSenders().find((one) => one.track?.kind === 'audio');
    sender?.replaceTrack(track).catch((error) => console.warn(error));
  }

  /** @param {import('./heartbeat.js').Terms} terms */
  startHeartbeat(terms) {
    this.heartbeat ??= new Heartbeat(
      this.channel,
      terms,
      {
        onRoundTrip: (ms) => {
          this.events.note('heartbeat', { rtt_ms: ms });
          this.events.onRoundTrip(ms);
        },
        onDead: () => this.hint('heartbeat_lost'),
      },
      this.clock,
    );
  }

  /** While there is still somebody to tell. */
  settleUp() {
    this.relay.tell(this.clock.now());
  }

  stop() {
    this.settleUp();
    this.clock.clearTimeout(this.timer);
    this.watch?.stop();
    this.heartbeat?.stop();
    this.peer.close();
  }

  // What the peer connection says.

  /** @param {RTCIceConnectionState} state */
  iceChanged(state) {
    this.events.note('ice', { state });
    this.events.onIce(state);
    // Before the first DTLS handshake a path alone is not yet a call.
    const up = state === 'connected' || state === 'completed';
    this.hadPath ||= up;
    if (up && !this.recovery.connecting) this.happen({ type: 'path-up' });
    if (state === 'disconnected' || state === 'failed') this.happen({ type: 'path-down' });
    const hasAll = this.peer.pc.iceGatheringState === 'complete';
    if (state === 'failed' && hasAll) this.happen({ type: 'exhausted' });
  }

  /** @param {RTCPeerConnectionState} state */
  connectionChanged(state) {
    this.events.note('connection', { state });
    if (state === 'failed') this.failed();
    if (state !== 'connected') return;
    const first = this.recovery.connecting;
    this.happen({ type: 'path-up' });
    if (first) {
      this.events.onConnected();
      // What the call goes over is known before anything can happen to it.
      this.measure();
    }
    this.listen();
  }

  /**
   * An ICE restart mends a failed path; nothing mends a DTLS association that failed. Firefox calls
   * failed as well what could not begin, as no way was found yet.
   */
  failed() {
    if (this.hadPath && this.receiver?.transport?.state === 'failed') this.events.onBroken();
    else this.happen({ type: 'path-down' });
  }

  listen() {
    if (this.watch || !this.receiver?.getSynchronizationSources) return;
    this.watch = new Watch(
      this.receiver,
      {
        onSilence: (ms) => this.fellSilent(ms),
        onSound: (ms) => this.soundsAgain(ms),
        onWake: (ms) => this.woke(ms),
      },
      this.clock,
    );
  }

  /** @param {number} ms */
  fellSilent(ms) {
    this.events.note('silence', { ms: Math.round(ms) });
    this.line.send({ type: 'hears', media: false });
    this.happen({ type: 'silence' });
  }

  /** @param {number} ms */
  soundsAgain(ms) {
    this.events.note('sound', { silent_ms: Math.round(ms) });
    this.line.send({ type: 'hears', media: true });
    this.happen({ type: 'sound' });
  }

  /** @param {number} ms */
  woke(ms) {
    this.events.note('woke', { frozen_ms: Math.round(ms) });
    this.hint('page_frozen');
  }

  /** With a candidate on it, a new network is there; the socket may still hang on the old one. */
  foundNetwork() {
    if (!this.recovery.connecting && this.peer.unansweredFor > ANSWER_MS) this.line.replace();
  }

  // Time.

  tick() {
    const now = this.clock.now();
    this.isHeldUp ||= now - this.dueAt > HELD_UP_MS;
    this.dueAt = now + quality.WINDOW_MS;
    this.timer = this.clock.setTimeout(() => this.tick(), quality.WINDOW_MS);
    this.happen({ type: 'tick' });
    this.ticks += 1;
    if (!this.recovery.connecting && (this.isAlert || this.ticks % CALM_TICKS === 0)) this.measure();
  }

  /** Statistics cost the page something; they are asked for often only while there is a reason. */
  get isAlert() {
    if (!recovery.isWell(this.recovery) || quality.isSuspect(this.quality)) return true;
    return !this.summary?.pair || Boolean(this.watch?.isUnsteady);
  }

  async measure() {
    const report = await this.pc.getStats();
    if (this.peer.closed) return;
    const summary = summarise(report.values(), this.summary);
    this.summary = summary;
    this.relay.look(this.named(summary.relay), this.clock.now());
    this.events.onStats(summary);
    if (!summary.pair) return;
    const isNew = summary.pairId !== this.pairBefore;
    this.happen({ type: 'transport', around: aroundUdp(summary), network: summary.network, isNew });
    if (!summary.isUdp) {
      this.quality = quality.UNKNOWN;
      return;
    }
    const rttMs = this.isHeldUp ? null : summary.rttMs;
    this.isHeldUp = false;
    this.quality = quality.take(this.quality, { ...summary, rttMs });
    if (quality.isDegraded(this.quality)) {
      this.events.note('degraded', quality.describe(this.quality));
      this.quality = quality.UNKNOWN;
      this.happen({ type: 'degraded' });
    }
  }

  /**
   * @param {import('./relay.js').Relay|null} relay
   * @returns {import('./relay.js').Relay|null}
   */
  named(relay) {
    return relay && { ...relay, url: relay.url || relayUrl(this.peer.servers, relay.protocol) };
  }

  // What the reducer decides.

  /** @param {recovery.RecoveryEvent} event */
  happen(event) {
    const step = recovery.advance(this.recovery, event, this.clock.now());
    this.recovery = step.recovery;
    for (const action of step.actions) this.carryOut(action);
  }

  /** @param {recovery.RecoveryAction} action */
  carryOut(action) {
    switch (action.type) {
      case 'restart-ice':
        this.restart(action.way, action.reason);
        break;
      case 'replace-socket':
        this.line.replace();
        break;
      case 'down':
        this.heartbeat?.hold();
        this.events.onDown(action.reason);
        break;
      case 'up':
        this.heartbeat?.release();
        this.events.note('path-up', { after_ms: Math.round(action.ms) });
        this.events.onUp();
        break;
      case 'remember':
        this.events.onRemember(action.way);
        break;
      case 'give-up':
        this.events.onLost(action.reason);
        break;
    }
  }

  /**
   * @param {IceWay} way
   * @param {string} reason
   */
  async restart(way, reason) {
    this.restarts += 1;
    this.pairBefore = this.summary?.pairId ?? '';
    this.events.note('restart', { attempt: this.peer.attempt + 1, way, reason });
    try {
      // Chromium stays with a pair on which it hears anything at all.
      const isCrippled = reason === 'udp_crippled' || !recovery.isWell(this.recovery);
      await this.peer.restartIce(way, isCrippled && WITHOUT_UDP.includes(way));
    } catch (error) {
      // The browser has a fault with this offer; the next one is due in a moment anyway.
      console.warn(error);
      this.events.note('restart-failed', { error: String(error).slice(0, 200) });
    }
  }
}

/**
 * @param {import('./stats.js').Summary} summary
 * @returns {IceWay|null} what the selected pair takes instead of UDP
 */
function aroundUdp({ isUdp, relayProtocol }) {
  if (isUdp) return null;
  return relayProtocol === 'tls' || relayProtocol === 'tcp' ? relayProtocol : 'ice-tcp';
}
