/** Stand-ins for what the browser gives the page's modules. */

/** A clock that moves only when a test moves it. */
export class FakeClock {
  time = 1_000_000;
  timers = new Map();
  next = 1;

  now = () => this.time;

  setTimeout = (then, ms) => {
    this.timers.set(this.next, { at: this.time + ms, then });
    return this.next++;
  };

  clearTimeout = (timer) => {
    this.timers.delete(timer);
  };

  /** Moves on and runs what is due, in its order. */
  pass(ms) {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter(([, { at }]) => at <= end);
      if (!due.length) break;
      due.sort(([, a], [, b]) => a.at - b.at);
      const [id, { at, then }] = due[0];
      this.timers.delete(id);
      this.time = Math.max(this.time, at);
      then();
    }
    this.time = end;
  }
}

export class FakeSocket {
  readyState = 1;
  sent = [];

  constructor(url) {
    this.url = url;
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  /** The socket has reached the server. */
  opens() {
    this.onopen({});
  }

  /** The server says something. */
  hears(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }

  /** The socket is lost with its network. */
  dies() {
    this.readyState = 3;
    this.onclose({});
  }
}

export class FakeChannel {
  readyState = 'open';
  sent = [];

  send(text) {
    this.sent.push(JSON.parse(text));
  }
}

/** As much of RTCPeerConnection as negotiation needs. */
export class FakePeerConnection {
  signalingState = 'stable';
  localDescription = null;
  remote = [];
  candidates = [];
  configurations = [];
  generation = 0;
  restarts = 0;
  closed = false;

  restartIce() {
    this.restarts += 1;
    if (this.signalingState === 'stable') this.onnegotiationneeded();
    else this.wanted = true;
  }

  async createOffer({ iceRestart = false } = {}) {
    if (iceRestart) this.restarts += 1;
    return { type: 'offer', sdp: `offer ${this.generation + 1}` };
  }

  async setLocalDescription(offer) {
    await null;
    this.generation += 1;
    this.localDescription = offer;
    this.signalingState = 'have-local-offer';
  }

  setConfiguration(configuration) {
    this.configurations.push(configuration);
  }

  async getStats() {
    return new Map();
  }

  async setRemoteDescription({ sdp }) {
    this.remote.push(sdp);
    this.signalingState = 'stable';
    if (this.wanted) {
      this.wanted = false;
      this.onnegotiationneeded();
    }
  }

  async addIceCandidate(candidate) {
    this.candidates.push(candidate);
  }

  close() {
    this.closed = true;
  }
}

/** Lets promises settle. */
export async function settle() {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
