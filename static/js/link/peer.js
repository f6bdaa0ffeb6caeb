/**
 * The peer connection of one call: its offers, its candidates, and the ICE generation they belong to.
 *
 * @typedef {object} PeerEvents
 * @property {(message: import('./signal.js').PageMessage) => void} send sends a message to the server
 * @property {(kind: string, detail: Record<string, string|number>) => void} onEvent for the timeline
 * @property {() => void} onCandidate the browser found one, in the newest generation
 * @property {(state: RTCIceConnectionState) => void} onIce
 * @property {(state: RTCPeerConnectionState) => void} onConnection
 * @property {(stream: MediaStream, receiver: RTCRtpReceiver) => void} onRemote
 *
 * @typedef {import('./ice.js').IceWay} IceWay
 */

import { configurationFor, fits, keepFitting } from './ice.js';

export class Peer {
  /** ICE generation of the newest offer: 1 for the first; every ICE restart adds one. */
  generation = 0;
  /** Its offer is set, and its answer has not come yet. */
  isPending = false;
  offeredAt = 0;
  /** The previous path is crippled, and the bot must leave it. */
  abandon = false;
  /** The answer to the newest offer is set. */
  answered = false;
  /** The bot's candidates that came before its answer. @type {RTCIceCandidateInit[]} */
  early = [];
  closed = false;
  /** Whether the browser has found a relayed candidate, in any generation. */
  hasRelay = false;
  /** Descriptions are set one after the other. @type {Promise<void>} */
  turn = Promise.resolve();

  /**
   * @param {RTCPeerConnection} pc configured for `way`
   * @param {RTCIceServer[]} servers
   * @param {IceWay} way
   * @param {PeerEvents} events
   * @param {() => number} now
   */
  constructor(pc, servers, way, events, now) {
    this.pc = pc;
    this.servers = servers;
    this.way = way;
    this.events = events;
    this.now = now;
    pc.onnegotiationneeded = () => this.firstOffer();
    pc.onicecandidate = ({ candidate }) => this.trickle(candidate);
    pc.onicecandidateerror = (error) => this.candidateError(error);
    pc.oniceconnectionstatechange = () => events.onIce(pc.iceConnectionState);
    pc.onconnectionstatechange = () => events.onConnection(pc.connectionState);
    pc.ontrack = ({ streams, track, receiver }) => events.onRemote(streams[0] ?? new MediaStream([track]), receiver);
  }

  /** @returns {import('./signal.js').Offer|null} the offer that is not answered yet */
  get pendingOffer() {
    if (!this.isPending || !this.pc.localDescription) return null;
    const sdp = keepFitting(this.pc.localDescription.sdp, this.way);
    return { type: 'offer', sdp, generation: this.generation, ...(this.abandon && { abandon: true }) };
  }

  /** @returns {number} ms that the newest offer has been waiting for its answer */
  get unansweredFor() {
    return this.isPending ? this.now() - this.offeredAt : 0;
  }

  /**
   * @param {RTCIceServer[]} servers with fresh credentials; the next restart uses them
   */
  useServers(servers) {
    this.servers = servers;
    this.pc.setConfiguration(configurationFor(servers, this.way));
  }

  /**
   * Restarts ICE: new candidates and credentials for the same call (RFC 8829, 4.1.18). It replaces a
   * restart that is still unanswered, which may have been lost with its network.
   *
   * @param {IceWay} way
   * @param {boolean} abandon the present path is crippled, and the bot must leave it
   */
  restartIce(way, abandon) {
    this.abandon = abandon;
    if (way !== this.way) {
      this.way = way;
      this.pc.setConfiguration(configurationFor(this.servers, way));
    }
    return this.inTurn(() => this.offer({ iceRestart: true }));
  }

  /** Makes no offer any more, and tells nobody anything. What is connected stays connected. */
  retire() {
    this.closed = true;
    const { pc } = this;
    pc.onnegotiationneeded = pc.onicecandidate = pc.onicecandidateerror = pc.ontrack = null;
    pc.oniceconnectionstatechange = pc.onconnectionstatechange = null;
  }

  close() {
    this.closed = true;
    this.pc.close();
  }

  /** Makes an offer; also after `restartIce()` on the peer connection itself. */
  firstOffer() {
    return this.inTurn(() => this.offer({}));
  }

  /**
   * Runs the work after what was begun before it, unless the connection is closed by then.
   *
   * @param {() => Promise<void>} work
   * @returns {Promise<void>}
   */
  inTurn(work) {
    const done = this.turn.then(() => (this.closed ? undefined : work()));
    this.turn = done.catch(() => {});
    return done;
  }

  /**
   * Makes an offer. The server never makes one, so there is no glare.
   *
   * @param {RTCOfferOptions} options
   */
  async offer(options) {
    const offer = await this.pc.createOffer(options);
    // From here on candidates may come, and they belong to the new generation.
    this.generation += 1;
    this.answered = this.isPending = false;
    this.early = [];
    await this.pc.setLocalDescription(offer);
    this.isPending = true;
    this.offeredAt = this.now();
    if (!this.closed && this.pendingOffer) this.events.send(this.pendingOffer);
  }

  /**
   * @param {string} sdp
   * @param {number} generation
   */
  takeAnswer(sdp, generation) {
    return this.inTurn(async () => {
      if (generation !== this.generation || !this.isPending) return;
      this.isPending = false;
      await this.pc.setRemoteDescription({ type: 'answer', sdp: keepFitting(sdp, this.way) });
      this.answered = true;
      for (const candidate of this.early.splice(0)) await this.pc.addIceCandidate(candidate);
    });
  }

  /**
   * @param {RTCIceCandidateInit|null} candidate null: the bot has no more
   * @param {number} generation
   */
  async takeCandidate(candidate, generation) {
    if (generation !== this.generation || !candidate?.candidate) return;
    if (!fits(candidate.candidate, this.way)) return;
    if (this.answered) await this.pc.addIceCandidate(candidate);
    else this.early.push(candidate);
  }

  /** @param {RTCIceCandidate|null} candidate null: the browser has no more */
  trickle(candidate) {
    if (candidate?.candidate && !fits(candidate.candidate, this.way)) return;
    const init = candidate?.candidate ? { ...candidate.toJSON(), candidate: candidate.candidate } : null;
    this.events.send({ type: 'candidate', candidate: init, generation: this.generation });
    this.hasRelay ||= Boolean(init?.candidate.includes(' typ relay'));
    if (init) this.events.onCandidate();
  }

  /** @param {RTCPeerConnectionIceErrorEvent} error */
  candidateError({ url, errorCode, errorText }) {
    this.events.onEvent('candidate-error', {
      url: url.slice(0, 200),
      code: errorCode,
      text: errorText.slice(0, 200),
    });
  }
}
