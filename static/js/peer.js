/**
 * The peer connection of one call: offers, candidates, and which generation they belong to.
 *
 * @typedef {object} PeerEvents
 * @property {(message: import('./signal.js').Message) => void} send to the server
 * @property {(kind: string, detail: Record<string, string|number>) => void} onEvent for the timeline
 * @property {(state: RTCIceConnectionState) => void} onIce
 * @property {(state: RTCPeerConnectionState) => void} onConnection
 * @property {(stream: MediaStream) => void} onRemote
 */

export class Peer {
  /** ICE generation of the newest offer: 1 with the first, one more with every ICE restart. */
  attempt = 0;
  negotiating = false;
  /** The answer of `attempt` is in. */
  answered = false;
  /** Candidates of the bot that came before their answer. @type {RTCIceCandidateInit[]} */
  early = [];
  closed = false;

  /**
   * @param {RTCPeerConnection} pc
   * @param {PeerEvents} events
   */
  constructor(pc, events) {
    this.pc = pc;
    this.events = events;
    pc.onnegotiationneeded = () => this.negotiate();
    pc.onicecandidate = ({ candidate }) => this.trickle(candidate);
    pc.onicecandidateerror = (error) => this.candidateError(error);
    pc.oniceconnectionstatechange = () => events.onIce(pc.iceConnectionState);
    pc.onconnectionstatechange = () => events.onConnection(pc.connectionState);
    pc.ontrack = ({ streams, track }) => events.onRemote(streams[0] ?? new MediaStream([track]));
  }

  /**
   * New candidates and credentials under the same call (RFC 8829, 4.1.18). While an offer is
   * unanswered the browser asks for the negotiation again once it is answered.
   */
  restartIce() {
    this.pc.restartIce();
  }

  close() {
    this.closed = true;
    this.pc.close();
  }

  /** Make the next offer. The server never makes one, so there is no glare. */
  async negotiate() {
    if (this.negotiating || this.closed) return;
    this.negotiating = true;
    try {
      this.attempt += 1;
      this.answered = false;
      this.early = [];
      await this.pc.setLocalDescription();
      const sdp = this.pc.localDescription?.sdp;
      this.events.send({ type: 'offer', sdp, attempt: this.attempt });
    } finally {
      this.negotiating = false;
    }
  }

  /**
   * @param {string} sdp
   * @param {number} attempt
   */
  async takeAnswer(sdp, attempt) {
    if (attempt !== this.attempt || this.pc.signalingState !== 'have-local-offer') return;
    await this.pc.setRemoteDescription({ type: 'answer', sdp });
    this.answered = true;
    for (const candidate of this.early.splice(0)) await this.pc.addIceCandidate(candidate);
  }

  /**
   * @param {RTCIceCandidateInit|null} candidate null: the bot has no more
   * @param {number} attempt
   */
  async takeCandidate(candidate, attempt) {
    if (attempt !== this.attempt || candidate === null) return;
    if (this.answered) await this.pc.addIceCandidate(candidate);
    else this.early.push(candidate);
  }

  /** @param {RTCIceCandidate|null} candidate */
  trickle(candidate) {
    const init = candidate?.candidate ? candidate.toJSON() : null;
    this.events.send({ type: 'candidate', candidate: init, attempt: this.attempt });
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
