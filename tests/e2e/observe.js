// Runs in the page before its own scripts. It sees what a developer sees in webrtc-internals, and
// hears what comes out of the loudspeaker. The product does not know of it.
(() => {
  const seen = {
    peers: [],
    microphones: 0,
    heard: [],
    heardAt: [],
    sockets: [],
    arrivals: [],
    packets: [],
    candidates: [],
  };
  window.seen = seen;

  /** Looks at each encoded frame of a sender or receiver, if the browser shows them (Chromium). */
  const passOn = (end, look) => {
    if (!end.createEncodedStreams) return;
    const { readable, writable } = end.createEncodedStreams();
    const transform = new TransformStream({
      transform(frame, controller) {
        look(frame);
        controller.enqueue(frame);
      },
    });
    readable
      .pipeThrough(transform)
      .pipeTo(writable)
      .catch(() => {});
  };

  const PACKET_TICKS = 960;

  /** For the other browsers: when a receiver's RTP timestamp advances, packets have been played. */
  const followPlayback = (receiver) => {
    let known = null;
    const look = () => {
      const [source] = receiver.getSynchronizationSources();
      if (!source || source.rtpTimestamp === known) return;
      const packets = known === null ? 1 : ((source.rtpTimestamp - known) >>> 0) / PACKET_TICKS;
      known = source.rtpTimestamp;
      for (let n = 0; n < Math.min(packets, 5); n += 1) seen.arrivals.push(performance.now());
    };
    setInterval(look, 10);
  };

  const base64 = (bytes) => {
    let text = '';
    for (let at = 0; at < bytes.length; at += 32768) {
      text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    }
    return btoa(text);
  };

  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(configuration) {
      super({ ...configuration, encodedInsertableStreams: true });
      seen.peers.push(this);
      this.addEventListener('icecandidate', ({ candidate }) => {
        if (candidate?.candidate) {
          seen.candidates.push({ at: performance.now(), candidate: candidate.candidate });
        }
      });
      this.addEventListener('track', (event) => {
        seen.remote = event.track;
        if (!event.receiver.createEncodedStreams) followPlayback(event.receiver);
        passOn(event.receiver, ({ data }) => {
          seen.arrivals.push(performance.now());
          seen.packets.push(new Uint8Array(data.slice(0)));
        });
      });
    }

    // A peer connection must keep the options that it was made with.
    setConfiguration(configuration) {
      super.setConfiguration({ ...configuration, encodedInsertableStreams: true });
    }

    addTrack(...options) {
      const sender = super.addTrack(...options);
      passOn(sender, () => {});
      return sender;
    }

    createDataChannel(...options) {
      seen.channel = super.createDataChannel(...options);
      seen.channel.addEventListener('message', ({ data }) => {
        seen.heard.push(JSON.parse(data));
        seen.heardAt.push(performance.now());
      });
      return seen.channel;
    }
  };

  /** Waits until the browser has a network interface with this address. */
  seen.knows = async (address) => {
    for (let tries = 0; tries < 50; tries += 1) {
      const peer = new Peer();
      peer.createDataChannel('probe');
      await peer.setLocalDescription();
      await new Promise((resolve) => setTimeout(resolve, 300));
      const { sdp } = peer.localDescription;
      peer.close();
      if (sdp.includes(` ${address} `)) return true;
    }
    return false;
  };

  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...options) {
      super(...options);
      seen.sockets.push(this);
    }
  };

  const media = navigator.mediaDevices;
  if (media) {
    const getUserMedia = media.getUserMedia.bind(media);
    media.getUserMedia = async (...options) => {
      seen.microphones += 1;
      if (window.fakeMicrophone) return window.fakeMicrophone();
      return getUserMedia(...options);
    };
  }

  /** Records the remote track for `seconds`; resolves to base64 of 16-bit samples at 48 kHz. */
  seen.record = async (seconds) => {
    const context = new AudioContext({ sampleRate: 48000 });
    await context.resume();
    const source = context.createMediaStreamSource(new MediaStream([seen.remote]));
    const processor = context.createScriptProcessor(4096, 1, 1);
    const blocks = [];
    source.connect(processor);
    processor.connect(context.destination);
    await new Promise((resolve) => {
      processor.onaudioprocess = (event) => {
        const block = event.inputBuffer.getChannelData(0);
        blocks.push(Int16Array.from(block, (x) => Math.max(-1, Math.min(1, x)) * 32767));
        if (blocks.length * 4096 >= seconds * 48000) resolve();
      };
    });
    processor.onaudioprocess = null;
    await context.close();
    return base64(new Uint8Array(await new Blob(blocks).arrayBuffer()));
  };

  /** Received Opus packets from the `start`-th on, each in base64. */
  seen.packetsFrom = (start) => seen.packets.slice(start).map(base64);

  const selectedPair = (report) => {
    const all = [...report.values()];
    const transport = all.find((s) => s.type === 'transport');
    return report.get(transport?.selectedCandidatePairId) ?? all.find((s) => s.type === 'candidate-pair' && s.selected);
  };

  /** Returns what the statistics say now. */
  seen.snapshot = async () => {
    const peer = seen.peers.at(-1);
    const report = await peer.getStats();
    const all = [...report.values()];
    const transport = all.find((s) => s.type === 'transport');
    const inbound = all.find((s) => s.type === 'inbound-rtp');
    const outbound = all.find((s) => s.type === 'outbound-rtp');
    const pair = selectedPair(report);
    return {
      localUfrag: /a=ice-ufrag:(\S+)/.exec(peer.localDescription.sdp)[1],
      remoteUfrag: /a=ice-ufrag:(\S+)/.exec(peer.remoteDescription.sdp)[1],
      pair: pair?.id,
      dtlsState: transport?.dtlsState,
      certificate: report.get(transport?.remoteCertificateId)?.fingerprint,
      srtp: transport?.srtpCipher,
      received: inbound?.packetsReceived,
      lost: inbound?.packetsLost,
      concealed: inbound?.concealedSamples,
      silentConcealed: inbound?.silentConcealedSamples,
      energy: inbound?.totalAudioEnergy,
      remoteSsrc: inbound?.ssrc,
      localSsrc: outbound?.ssrc,
      sent: outbound?.packetsSent,
      channel: seen.channel.readyState,
      connection: peer.connectionState,
    };
  };

  /** Tells whether the statistics satisfy `test` within ten seconds. */
  seen.until = async (test) => {
    for (let tries = 0; tries < 200; tries += 1) {
      if (test(await seen.snapshot())) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  };

  /** Counts the packets that arrived in the last `ms`. */
  seen.inLast = (ms) => {
    const since = performance.now() - ms;
    let count = 0;
    for (let i = seen.arrivals.length - 1; i >= 0 && seen.arrivals[i] >= since; i -= 1) count += 1;
    return count;
  };

  /** Returns how the page reaches the bot, or its relay: udp, tcp or tls. */
  seen.protocol = async () => {
    const report = await seen.peers.at(-1).getStats();
    const local = report.get(selectedPair(report)?.localCandidateId);
    return local?.relayProtocol ?? local?.protocol ?? '';
  };

  /** The same after `direct`, or after `relay` if either side uses one. */
  seen.way = async () => {
    const report = await seen.peers.at(-1).getStats();
    const pair = selectedPair(report);
    const ends = [report.get(pair?.localCandidateId), report.get(pair?.remoteCandidateId)];
    const isRelayed = ends.some((end) => end?.candidateType === 'relay');
    return `${isRelayed ? 'relay' : 'direct'} ${await seen.protocol()}`;
  };

  const becomes = async (look, value, ms) => {
    for (const end = performance.now() + ms; performance.now() < end; ) {
      if ((await look()) === value) return true;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return false;
  };

  seen.reaches = (protocol, ms) => becomes(seen.protocol, protocol, ms);
  seen.goesBy = (way, ms) => becomes(seen.way, way, ms);

  /** The longest time between two packets, in ms. getStats() is too coarse: it changes every 50 ms. */
  seen.longestGapSince = (start) => {
    const times = seen.arrivals.filter((at) => at >= start);
    return Math.max(...times.slice(1).map((at, index) => at - times[index]));
  };
})();
