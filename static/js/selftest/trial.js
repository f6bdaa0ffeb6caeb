/**
 * A call over one way only, to the bot that echoes and back: does it connect, and how does it sound?
 *
 * @typedef {import('../link/ice.js').IceWay} IceWay
 *
 * @typedef {object} Quality of a way that works
 * @property {number} connectedMs from opening the socket to a secure connection
 * @property {string} pair candidate types, ours then the bot's
 * @property {number} rttMs the median
 * @property {number} jitterMs the mean
 * @property {number} lossPercent of what was to come back: lost on its way there, or on its way here, or
 *   too late to be played
 * @property {number} mos
 *
 * @typedef {'way_blocked'|'way_no_relay'|'way_refused'|'way_silent'|'server_unreachable'|'busy'} Failure
 *
 * @typedef {{found: 'way_works', quality: Quality} | {found: Failure, quality?: undefined}} Outcome
 *
 * @typedef {object} Tools
 * @property {(configuration: RTCConfiguration) => RTCPeerConnection} makePeer
 * @property {(url: string) => WebSocket} openSocket
 * @property {(ticket: string) => string} socketUrl
 * @property {(stream: MediaStream) => () => void} play a stream; returns what ends that
 * @property {import('../lib/clock.js').Clock} clock
 */

import { configurationFor, isRelay } from '../link/ice.js';
import { Peer } from '../link/peer.js';
import { Signal } from '../link/signal.js';
import { percentile } from '../lib/percentile.js';
import { summarise } from '../link/stats.js';
import { meanOpinionScore } from './mos.js';

const CONNECT_MS = 12_000;
export const SAMPLE_S = 10;
const PACKETS_A_SECOND = 50;
/** A STUN error (RFC 8489, 14.8); what browsers make up themselves is from 700 on. */
const LAST_STUN_ERROR = 699;

/** The way leads nowhere. */
class Nowhere extends Error {
  /** @param {Failure} found */
  constructor(found) {
    super(found);
    this.found = found;
  }
}

export class Trial {
  relays = 0;
  /** The TURN server has answered, and does not want us. */
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
   * @param {string} ticket of a call of its own
   * @param {(second: number) => void} onSecond of the sample, 1 for the first
   * @returns {Promise<Outcome>}
   */
  async run(ticket, onSecond) {
    const { clock } = this.tools;
    const begun = clock.now();
    try {
      await this.connect(ticket);
      const connectedMs = clock.now() - begun;
      return { found: 'way_works', quality: { connectedMs, ...(await this.sample(onSecond)) } };
    } catch (error) {
      if (error instanceof Nowhere) return { found: error.found };
      throw error;
    } finally {
      this.signal?.send({ type: 'bye', reason: 'check' });
      this.silence?.();
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
        if (state === 'connected') this.arrived?.();
        if (state === 'failed') this.nowhere?.(new Nowhere(this.whyNot()));
      },
      // What is not played is not found to be late.
      onRemote: (stream) => (this.silence = this.tools.play(stream)),
    };
  }

  /**
   * @param {string} ticket
   * @returns {Promise<void>}
   */
  connect(ticket) {
    const { socketUrl, openSocket, clock } = this.tools;
    return new Promise((resolve, reject) => {
      this.arrived = resolve;
      this.nowhere = reject;
      clock.setTimeout(() => reject(new Nowhere(this.whyNot())), CONNECT_MS);
      this.signal = new Signal(
        socketUrl(ticket),
        {
          onMessage: (message) => {
          this.receive(message).catch((error) => console.info('a late message', error));
        },
          onReady: () => {},
          onLost: () => {},
          pendingOffer: () => this.peer.pendingOffer && this.opening(this.peer.pendingOffer),
        },
        { ...clock, open: openSocket },
      );
      for (const track of this.stream.getAudioTracks()) this.pc.addTrack(track, this.stream);
    });
  }

  /** @param {import('../link/signal.js').Message} message */
  send(message) {
    if (message.type === 'candidate') this.gathered(message.candidate);
    this.signal?.send(message.type === 'offer' ? this.opening(message) : message);
  }

  /**
   * @param {import('../link/signal.js').Message} offer
   * @returns {import('../link/signal.js').Message}
   */
  opening(offer) {
    return { ...offer, voice: 'echo' };
  }

  /** @param {RTCIceCandidateInit|null} candidate null: there are no more */
  gathered(candidate) {
    if (candidate?.candidate?.includes(' typ relay')) this.relays += 1;
    if (!candidate && isRelay(this.way) && !this.relays) this.nowhere?.(new Nowhere(this.whyNot()));
  }

  /** @param {import('../link/signal.js').Message} message */
  async receive(message) {
    if (message.type === 'answer') await this.peer.takeAnswer(message.sdp, message.attempt);
    if (message.type === 'candidate') await this.peer.takeCandidate(message.candidate, message.attempt);
    // What the server will not do says nothing of the way.
    if (message.type === 'error') {
      this.nowhere?.(new Nowhere(message.code === 'busy' ? 'busy' : 'server_unreachable'));
    }
    if (message.type === 'bye') this.nowhere?.(new Nowhere('server_unreachable'));
  }

  /** @returns {Failure} */
  whyNot() {
    if (!this.signal?.ready) return 'server_unreachable';
    if (!isRelay(this.way) || this.relays) return 'way_blocked';
    return this.isRefused ? 'way_refused' : 'way_no_relay';
  }

  /**
   * @param {(second: number) => void} onSecond
   * @returns {Promise<Omit<Quality, 'connectedMs'>>}
   */
  async sample(onSecond) {
    const { clock } = this.tools;
    /** @type {import('../link/stats.js').Summary[]} */
    const summaries = [await this.look()];
    for (let second = 1; second <= SAMPLE_S; second += 1) {
      onSecond(second);
      await new Promise((resolve) => clock.setTimeout(() => resolve(null), 1000));
      summaries.push(await this.look());
    }
    const received = summaries[SAMPLE_S].packetsReceived - summaries[0].packetsReceived;
    if (!received) throw new Nowhere('way_silent');
    return sum(summaries);
  }

  async look() {
    return summarise((await this.pc.getStats()).values(), null);
  }
}

/**
 * @param {import('../link/stats.js').Summary[]} summaries one a second
 * @returns {Omit<Quality, 'connectedMs'>}
 */
export function sum(summaries) {
  const [first] = summaries;
  const last = summaries[summaries.length - 1];
  const rtts = summaries.flatMap(({ rttMs }) => rttMs ?? []);
  const jitters = summaries.flatMap(({ jitterMs }) => jitterMs ?? []);
  const received = last.packetsReceived - first.packetsReceived;
  const lost = Math.max(0, last.packetsLost - first.packetsLost);
  // What never came counts too: of what is lost on its way there nothing comes back.
  const due = Math.max(received + lost, PACKETS_A_SECOND * (summaries.length - 1.5));
  const heard = last.samplesReceived - first.samplesReceived;
  const concealed = heard ? (last.samplesConcealed - first.samplesConcealed) / heard : 0;
  const path = {
    rttMs: rtts.length ? percentile(rtts, 0.5) : 0,
    jitterMs: Math.round(jitters.reduce((a, b) => a + b, 0) / Math.max(1, jitters.length)),
    lossPercent: Math.round(1000 * Math.max(concealed, 1 - received / due)) / 10,
  };
  return { ...path, pair: last.pair, mos: meanOpinionScore(path) };
}
