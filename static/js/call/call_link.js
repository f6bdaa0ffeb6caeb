/**
 * The link of one call attempt: its peer connection, the credentials of its TURN servers, and the time
 * that it has to connect. A call that moves to another worker has two peer connections for a moment.
 *
 * @typedef {import('../link/api.js').IceConfiguration} IceConfiguration
 * @typedef {import('../link/ice.js').IceWay} IceWay
 *
 * @typedef {import('../link/supervisor.js').Line & {network: () => string}} CallLine
 *   network: the network that the server sees the page in; '' if that is not known
 */

import { Credentials } from '../link/credentials.js';
import { configurationFor, exists, relayed, rungs } from '../link/ice.js';
import { LinkSupervisor } from '../link/supervisor.js';
import { CallError } from './errors.js';

export class CallLink {
  /** @type {LinkSupervisor|null} */
  supervisor = null;
  /** The one that the call moves away from. It plays until the other one is connected. @type {LinkSupervisor|null} */
  leaving = null;
  /** The bot's voice over the other one. @type {MediaStream|null} */
  held = null;
  /** @type {any} */
  connectTimer = null;
  /** Over which no TURN server answers the bot. @type {Set<IceWay>} */
  deadRelays = new Set();

  /**
   * @param {IceWay|null} way the only one to use; null: any
   * @param {CallLine} line
   * @param {import('../link/supervisor.js').LinkOwner} owner
   * @param {import('../link/supervisor.js').LinkSink} sink
   * @param {Pick<import('./attempt.js').Tools, 'makePeer'|'memory'|'clock'>} tools
   */
  constructor(way, line, owner, sink, tools) {
    this.way = way;
    this.line = line;
    this.owner = owner;
    this.sink = sink;
    this.tools = tools;
    this.credentials = new Credentials(() => line.send({ type: 'ice' }), tools.clock);
  }

  /**
   * Opens a peer connection, which makes its offer by itself.
   *
   * @param {IceConfiguration} configuration
   * @param {MediaStream} stream the microphone's, which is sent
   * @throws {CallError} `no_relay`
   */
  open(configuration, stream) {
    // A ticket that was refused meanwhile has begun over: two waits for one configuration end here.
    this.supervisor?.stop();
    const { iceServers } = configuration;
    const { clock, makePeer } = this.tools;
    const terms = { servers: iceServers, ...this.chooseWays(configuration) };
    this.owner.note('way', { way: terms.home, forced: Boolean(this.way) });
    const pc = makePeer(configurationFor(iceServers, terms.home));
    const sink = this.leaving ? this.holding() : this.sink;
    this.supervisor = new LinkSupervisor(pc, terms, this.line, this.owner, sink, clock);
    this.credentials.took(configuration);
    pc.addTrack(stream.getAudioTracks()[0], stream);
  }

  /**
   * Opens another peer connection beside the present one, which plays on until the other is connected.
   *
   * @param {IceConfiguration} configuration
   * @param {MediaStream} stream the microphone's, which both send
   * @throws {CallError} `no_relay`
   */
  move(configuration, stream) {
    if (this.supervisor && !this.supervisor.isConnecting) {
      this.leave();
      this.leaving = this.supervisor;
      this.leaving.retire();
      this.supervisor = null;
    }
    this.open(configuration, stream);
  }

  /** @returns {import('../link/supervisor.js').LinkSink} a sink that keeps the bot's voice until the link is connected */
  holding() {
    const { sink } = this;
    return {
      onRemote: (stream) => {
        if (this.leaving) this.held = stream;
        else sink.onRemote(stream);
      },
      onIce: (state) => sink.onIce(state),
      onStats: (summary) => sink.onStats(summary),
    };
  }

  /** Closes the peer connection that the call has moved away from. */
  leave() {
    this.leaving?.peer.close();
    this.leaving = null;
    if (this.held) this.sink.onRemote(this.held);
    this.held = null;
  }

  /**
   * @param {IceConfiguration} configuration
   * @returns {{home: IceWay, ways: IceWay[]}} the way to begin with, and all that may be tried
   * @throws {CallError} `no_relay`: there is no TURN server for the way that is asked for
   */
  chooseWays({ iceServers, partial }) {
    const { way } = this;
    if (!way) {
      const ways = rungs(iceServers);
      const remembered = this.tools.memory.way(this.line.network());
      return { home: remembered && ways.includes(remembered) ? remembered : 'all', ways };
    }
    // A provider that has not answered yet may have one.
    if (!partial && !exists(way, iceServers)) throw new CallError('no_relay', `no TURN server for ?ice=${way}`);
    return { home: way, ways: [way] };
  }

  /** @returns {string} why no path has come up, as far as it is known: a code of reasons.js */
  get obstacle() {
    const { way, supervisor } = this;
    if (!supervisor) return 'network_blocked';
    const { servers, hasRelay } = supervisor.peer;
    if (way && !exists(way, servers)) return 'no_relay';
    const asked = relayed(way, servers);
    const isDead = !hasRelay && asked.length && asked.every((one) => this.deadRelays.has(one));
    return isDead ? 'relay_down' : 'network_blocked';
  }

  /**
   * Gives the link this long to connect.
   *
   * @param {number} ms
   * @param {() => void} otherwise
   */
  allow(ms, otherwise) {
    this.tools.clock.clearTimeout(this.connectTimer);
    this.connectTimer = this.tools.clock.setTimeout(otherwise, ms);
  }

  /**
   * The link is connected.
   *
   * @param {import('../link/heartbeat.js').Terms|undefined} heartbeat
   */
  connected(heartbeat) {
    this.tools.clock.clearTimeout(this.connectTimer);
    this.leave();
    if (heartbeat) this.supervisor?.startHeartbeat(heartbeat);
  }

  /** @param {IceConfiguration} configuration with fresh credentials */
  useServers(configuration) {
    this.credentials.took(configuration);
    this.supervisor?.useServers(configuration.iceServers);
  }

  /** Closes the peer connection. Another one can be opened after that. */
  stop() {
    this.held = null;
    this.leave();
    this.tools.clock.clearTimeout(this.connectTimer);
    this.credentials.stop();
    this.supervisor?.stop();
    this.supervisor = null;
  }
}
