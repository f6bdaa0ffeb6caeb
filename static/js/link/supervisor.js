/**
 * Keeps the path under one call: it listens to the peer connection and carries out what the reducer in
 * recovery.js decides. How the call begins and ends is the business of its owner.
 *
 * @typedef {import('./ice.js').IceWay} IceWay
 * @typedef {import('./signal.js').PageMessage} PageMessage
 * @typedef {import('./stats.js').Summary} Summary
 *
 * @typedef {object} LinkOwner the call attempt that this link belongs to
 * @property {() => void} onConnected the first path is up, including DTLS
 * @property {(reason: string) => void} onDown
 * @property {() => void} onUp
 * @property {() => void} onBroken this peer connection cannot be saved, but the call can
 * @property {(reason: string) => void} onLost this call cannot be saved
 * @property {(energy: number|null) => void} onSpoken all that the microphone has given; null: not known
 * @property {(way: IceWay) => void} onRemember UDP is crippled in this network; this way is not
 * @property {(kind: string, detail?: import('./timeline.js').Detail) => void} note for the timeline
 *
 * @typedef {object} LinkSink what a page shows of a link; it is told directly
 * @property {(stream: MediaStream) => void} onRemote the bot's voice
 * @property {(state: RTCIceConnectionState) => void} onIce
 * @property {(summary: Summary) => void} onStats
 *
 * @typedef {object} Line to the server
 * @property {(message: PageMessage) => void} send
 * @property {() => void} replace the socket, which may be on a network that has gone
 *
 * @typedef {object} Terms
 * @property {RTCIceServer[]} servers
 * @property {IceWay} home the way to prefer
 * @property {readonly IceWay[]} ways all ways that may be tried
 *
 * @typedef {object} LinkDiagnostics for the developer panel
 * @property {IceWay} way in use, or being tried
 * @property {number} restarts the number of ICE restarts on this peer connection
 * @property {number|null} heartbeatMs the latest round trip; null: none yet
 * @property {Summary|null} summary the latest statistics; null: none yet
 */

import { Heartbeat, LABEL } from './heartbeat.js';
import { WITHOUT_UDP } from './ice.js';
import { PathMonitor } from './monitor.js';
import { Peer } from './peer.js';
import { WINDOW_MS } from './quality.js';
import * as recovery from './recovery.js';
import { SilenceDetector } from './silence.js';
import { ANSWER_MS } from './signal.js';

export class LinkSupervisor {
  restarts = 0;
  /** @type {number|null} */
  heartbeatMs = null;
  /** @type {Heartbeat|null} */
  heartbeat = null;
  /** @type {SilenceDetector|null} */
  silence = null;
  /** @type {RTCRtpReceiver|null} */
  receiver = null;
  /** Whether ICE has ever found a path. Then there is a DTLS association, or was one. */
  hadPath = false;
  /** The candidate pair that the timeline knows of. */
  pairId = '';

  /**
   * @param {RTCPeerConnection} pc configured for `terms.home`
   * @param {Terms} terms
   * @param {Line} line
   * @param {LinkOwner} owner
   * @param {LinkSink} sink
   * @param {import('../lib/clock.js').Clock} clock
   */
  constructor(pc, terms, line, owner, sink, clock) {
    this.pc = pc;
    this.line = line;
    this.owner = owner;
    this.sink = sink;
    this.clock = clock;
    this.recovery = recovery.begin(terms.ways, terms.home, clock.now());
    this.peer = new Peer(pc, terms.servers, terms.home, this.peerEvents(), clock.now);
    this.monitor = new PathMonitor(this.peer, line.send, this.monitorEvents(), clock);
    this.channel = pc.createDataChannel(LABEL, { ordered: true });
    this.tick();
  }

  /** @returns {import('./peer.js').PeerEvents} */
  peerEvents() {
    return {
      send: (message) => this.line.send(message),
      onEvent: (kind, detail) => this.owner.note(kind, detail),
      onCandidate: () => this.foundNetwork(),
      onIce: (state) => this.iceChanged(state),
      onConnection: (state) => this.connectionChanged(state),
      onRemote: (stream, receiver) => {
        this.receiver = receiver;
        this.sink.onRemote(stream);
      },
    };
  }

  /** @returns {import('./monitor.js').MonitorEvents} */
  monitorEvents() {
    return {
      onSummary: (summary) => {
        this.owner.onSpoken(summary.spokenEnergy);
        this.sink.onStats(summary);
      },
      onPair: (isNew) => {
        const summary = /** @type {Summary} */ (this.monitor.summary);
        this.notePair(summary);
        this.happen({ type: 'transport', around: aroundUdp(summary), network: summary.network, isNew });
      },
      onDegraded: (detail) => {
        this.owner.note('degraded', detail);
        this.happen({ type: 'degraded' });
      },
    };
  }

  /** @param {Summary} summary */
  notePair({ pairId, pair, protocol, relayProtocol }) {
    if (pairId === this.pairId) return;
    this.pairId = pairId;
    this.owner.note('pair', { pair, protocol: relayProtocol || protocol });
  }

  /** @returns {LinkDiagnostics} */
  diagnostics() {
    const { peer, restarts, heartbeatMs, monitor } = this;
    return { way: peer.way, restarts, heartbeatMs, summary: monitor.summary };
  }

  /** @returns {boolean} whether the first path is not up yet */
  get isConnecting() {
    return this.recovery.connecting;
  }

  /** @param {string} reason why the path may be gone, or about to go */
  hint(reason) {
    this.happen({ type: 'hint', reason });
  }

  /** A new socket has the call. If the path went with the old one, there is a network again. */
  socketReady() {
    this.happen({ type: 'socket-ready' });
  }

  /** @param {boolean} media whether the bot receives packets from this page */
  heardByBot(media) {
    if (media) this.happen({ type: 'peer-receiving' });
    // Without a microphone nothing is sent, for example during a telephone call: no trouble with the path.
    else if (this.monitor.summary?.isSending) this.happen({ type: 'peer-not-receiving' });
  }

  /** @param {RTCIceServer[]} servers with fresh credentials; a restart uses them while the path is well */
  useServers(servers) {
    this.peer.useServers(servers);
    this.hint('credentials');
  }

  /** @param {MediaStreamTrack} track replaces the present one; the bot sees the same stream */
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
          this.heartbeatMs = ms;
          this.owner.note('heartbeat', { rtt_ms: ms });
        },
        onDead: () => this.hint('heartbeat_lost'),
      },
      this.clock,
    );
  }

  /** Tells the server what was relayed so far, while the socket is there. */
  settleUp() {
    this.monitor.settleUp();
  }

  stop() {
    this.retire();
    this.peer.close();
  }

  /** Leaves the peer connection as it is, and looks after it no more: the call moves to another one. */
  retire() {
    this.settleUp();
    this.clock.clearTimeout(this.timer);
    this.silence?.stop();
    this.heartbeat?.stop();
    this.peer.retire();
  }

  // Events of the peer connection.

  /** @param {RTCIceConnectionState} state */
  iceChanged(state) {
    this.owner.note('ice', { state });
    this.sink.onIce(state);
    const up = state === 'connected' || state === 'completed';
    this.hadPath ||= up;
    // The first path is up only after the DTLS handshake: see connectionChanged().
    if (up && !this.isConnecting) this.happen({ type: 'path-up' });
    if (state === 'disconnected' || state === 'failed') this.happen({ type: 'path-down' });
    const hasAll = this.peer.pc.iceGatheringState === 'complete';
    if (state === 'failed' && hasAll) this.happen({ type: 'exhausted' });
  }

  /** @param {RTCPeerConnectionState} state */
  connectionChanged(state) {
    this.owner.note('connection', { state });
    if (state === 'failed') this.failed();
    if (state !== 'connected') return;
    const first = this.isConnecting;
    this.happen({ type: 'path-up' });
    if (first) {
      this.owner.onConnected();
      // Know the path before anything can happen to it.
      this.monitor.measure();
    }
    this.listen();
  }

  /**
   * An ICE restart mends a failed path, but nothing mends a failed DTLS association
   * (docs/browsers.md#firefox-dtls-write). Without a path there was none yet, although Firefox says
   * `failed` (docs/browsers.md#firefox-failed-before-it-began).
   */
  failed() {
    if (this.hadPath && this.receiver?.transport?.state === 'failed') this.owner.onBroken();
    else this.happen({ type: 'path-down' });
  }

  listen() {
    if (this.silence || !this.receiver?.getSynchronizationSources) return;
    this.silence = new SilenceDetector(
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
    this.owner.note('silence', { ms: Math.round(ms) });
    this.line.send({ type: 'hears', media: false });
    this.happen({ type: 'silence' });
  }

  /** @param {number} ms */
  soundsAgain(ms) {
    this.owner.note('sound', { silent_ms: Math.round(ms) });
    this.line.send({ type: 'hears', media: true });
    this.happen({ type: 'sound' });
  }

  /** @param {number} ms */
  woke(ms) {
    this.owner.note('woke', { frozen_ms: Math.round(ms) });
    this.hint('page_frozen');
  }

  /** A candidate came while an offer is overdue: there is a new network, and the socket may be on the old one. */
  foundNetwork() {
    if (!this.isConnecting && this.peer.unansweredFor > ANSWER_MS) this.line.replace();
  }

  tick() {
    this.timer = this.clock.setTimeout(() => this.tick(), WINDOW_MS);
    this.happen({ type: 'tick' });
    const isTroubled = !recovery.isWell(this.recovery) || Boolean(this.silence?.isUnsteady);
    this.monitor.tick(!this.isConnecting, isTroubled);
  }

  // Actions of the reducer.

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
        this.owner.onDown(action.reason);
        break;
      case 'up':
        this.heartbeat?.release();
        this.owner.note('path-up', { after_ms: Math.round(action.ms) });
        this.owner.onUp();
        break;
      case 'remember':
        this.owner.onRemember(action.way);
        break;
      case 'give-up':
        this.owner.onLost(action.reason);
        break;
    }
  }

  /**
   * @param {IceWay} way
   * @param {string} reason
   */
  async restart(way, reason) {
    this.restarts += 1;
    this.monitor.restarted();
    this.owner.note('restart', { generation: this.peer.generation + 1, way, reason });
    try {
      // The bot must leave the old path first (docs/browsers.md#chromium-stays-where-heard).
      const isCrippled = reason === 'udp_crippled' || !recovery.isWell(this.recovery);
      await this.peer.restartIce(way, isCrippled && WITHOUT_UDP.includes(way));
    } catch (error) {
      // The browser cannot make this offer. The next restart is due in a moment anyway.
      console.warn(error);
      this.owner.note('restart-failed', { error: String(error).slice(0, 200) });
    }
  }
}

/**
 * @param {Summary} summary
 * @returns {IceWay|null} what the selected pair uses instead of UDP; null: it uses UDP
 */
function aroundUdp({ isUdp, relayProtocol }) {
  if (isUdp) return null;
  return relayProtocol === 'tls' || relayProtocol === 'tcp' ? relayProtocol : 'ice-tcp';
}
