/**
 * Makes a call over one way alone, to the bot that echoes.
 *
 * @typedef {import('../link/ice.js').IceWay} IceWay
 * @typedef {import('../link/signal.js').PageMessage} PageMessage
 * @typedef {import('../link/signal.js').ServerMessage} ServerMessage
 * @typedef {import('../link/signal.js').Offer} Offer
 *
 * @typedef {import('./sample.js').Quality & {connectedMs: number}} TrialQuality
 *   connectedMs: from opening the socket to a secure connection
 *
 * @typedef {'way_blocked'|'way_no_relay'|'way_refused'|'way_silent'|'server_unreachable'|'busy'|'network_busy'} Failure
 *
 * @typedef {{found: 'way_works', quality: TrialQuality} | {found: Failure, quality?: undefined}} Outcome
 *
 * @typedef {object} Tools
 * @property {(configuration: RTCConfiguration) => RTCPeerConnection} makePeer
 * @property {(ticket: string) => WebSocket} openSocket
 * @property {(stream: MediaStream) => () => void} play returns a function that ends it
 * @property {import('../lib/clock.js').Clock} clock
 */

import { configurationFor, isRelay } from '../link/ice.js';
import { Peer } from '../link/peer.js';
import { Signal } from '../link/signal.js';
import { sample } from './sample.js';

const CONNECT_MS = 12_000;
/** The last STUN error code (RFC 8489, 14.8); later ones: docs/browsers.md#candidate-error-codes. */
const LAST_STUN_ERROR = 699;

/** The way cannot carry a call. */
class TrialFailed extends Error {
  /** @param {Failure} found */
  constructor(found) {
    super(found);
    this.found = found;
  }
}

export class Trial {
  /** Relayed candidates gathered. */
  relays = 0;
  /** Whether the TURN server has answered and refused us. */
  isRefused = false;

  /**
   * @param {IceWay} way
   * @param {RTCIceServer[]} servers
   * @param {MediaStream} stream what to send
   * @param {Tools} tools
   */
  constructor(way, servers, stream, tools) {
    this.way = way;
    this.stream = stream;
    this.tools = tools;
    this.pc = tools.makePeer(configurationFor(servers, way));
    this.peer = new Peer(this.pc, servers, way, this.peerEvents(), tools.clock.now);
  }

  /**
   * @param {string} ticket for this call
   * @param {(second: number) => void} onSecond called with each second of the sample, from 1
   * @returns {Promise<Outcome>}
   */
  async run(ticket, onSecond) {
    const { clock } = this.tools;
    const begun = clock.now();
    try {
      await this.connect(ticket);
      const connectedMs = clock.now() - begun;
      const quality = await sample(this.pc, clock, onSecond);
      return quality ? { found: 'way_works', quality: { connectedMs, ...quality } } : { found: 'way_silent' };
    } catch (error) {
      if (error instanceof TrialFailed) return { found: error.found };
      throw error;
    } finally {
      this.signal?.send({ type: 'bye', reason: 'check' });
      this.endPlayback?.();
      this.peer.close();
      this.signal?.close();
    }
  }

  /** @returns {import('../link/peer.js').PeerEvents} */
  peerEvents() {
    return {
      send: (message) => this.send(message),
      onEvent: (_, { code }) => {
        this.isRefused ||= Number(code) <= LAST_STUN_ERROR;
      },
      onCandidate: () => {},
      onIce: () => {},
      onConnection: (state) => {
        if (state === 'connected') this.succeed?.();
        if (state === 'failed') this.fail(this.whyNot());
      },
      // Only what is played can be late: without playback, no samples count as concealed.
      onRemote: (stream) => (this.endPlayback = this.tools.play(stream)),
    };
  }

  /**
   * @param {string} ticket
   * @returns {Promise<void>}
   * @throws {TrialFailed}
   */
  connect(ticket) {
    const { openSocket, clock } = this.tools;
    return new Promise((resolve, reject) => {
      this.succeed = resolve;
      this.reject = reject;
      clock.setTimeout(() => this.fail(this.whyNot()), CONNECT_MS);
      this.signal = new Signal(ticket, this.signalEvents(), { ...clock, open: openSocket });
      for (const track of this.stream.getAudioTracks()) this.pc.addTrack(track, this.stream);
    });
  }

  /** @returns {import('../link/signal.js').SignalEvents} */
  signalEvents() {
    return {
      onMessage: (message) => {
        this.receive(message).catch((error) => console.info('a late message', error));
      },
      onReady: () => {},
      onLost: () => {},
      pendingOffer: () => this.peer.pendingOffer && withVoice(this.peer.pendingOffer),
    };
  }

  /** @param {Failure} found */
  fail(found) {
    this.reject?.(new TrialFailed(found));
  }

  /** @param {PageMessage} message */
  send(message) {
    if (message.type === 'candidate') this.gathered(message.candidate);
    this.signal?.send(message.type === 'offer' ? withVoice(message) : message);
  }

  /** @param {RTCIceCandidateInit|null} candidate null: there are no more */
  gathered(candidate) {
    if (candidate?.candidate?.includes(' typ relay')) this.relays += 1;
    if (!candidate && isRelay(this.way) && !this.relays) this.fail(this.whyNot());
  }

  /** @param {ServerMessage} message */
  async receive(message) {
    if (message.type === 'answer') await this.peer.takeAnswer(message.sdp, message.generation);
    if (message.type === 'candidate') await this.peer.takeCandidate(message.candidate, message.generation);
    // The server refused the call, which says nothing about the way.
    if (message.type === 'error') this.fail(refusal(message.code));
    if (message.type === 'bye') this.fail(message.reason === 'network_blocked' ? this.whyNot() : 'server_unreachable');
  }

  /** @returns {Failure} */
  whyNot() {
    if (!this.signal?.ready) return 'server_unreachable';
    if (!isRelay(this.way) || this.relays) return 'way_blocked';
    return this.isRefused ? 'way_refused' : 'way_no_relay';
  }
}

/**
 * @param {string} code the error's
 * @returns {Failure}
 */
function refusal(code) {
  return code === 'busy' || code === 'network_busy' ? code : 'server_unreachable';
}

/**
 * @param {Offer} offer
 * @returns {Offer} the same, to the bot that echoes
 */
function withVoice(offer) {
  return { ...offer, voice: 'echo' };
}
