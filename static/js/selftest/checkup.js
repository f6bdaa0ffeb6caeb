/**
 * Goes through everything a call needs, one line after the other, and side by side where one does not
 * disturb the other. Knows nothing of the page around.
 *
 * @typedef {import('./verdict.js').Row} Row
 * @typedef {import('../link/ice.js').IceWay} IceWay
 *
 * @typedef {object} Progress
 * @property {(name: string, seconds?: number) => void} onRunning
 * @property {(row: Row) => void} onRow
 * @property {(level: number) => void} onLevel of the microphone
 * @property {() => Promise<boolean|null>} askHeard whether the two notes were heard; null: no answer
 *
 * @typedef {import('./trial.js').Tools & {
 *   api: import('../link/api.js').Api,
 *   audio: AudioContext,
 *   obstacle: () => string,
 *   openMicrophone: () => Promise<MediaStream>,
 * }} CheckTools
 */

import { configurationFor, isRelay, rungs } from '../link/ice.js';
import { MicrophoneError, stop } from '../call/microphone.js';
import { gather } from './gather.js';
import { describeNetwork } from './nat.js';
import { measureServer } from './server.js';
import { judgeMicrophone, listen } from './sound.js';
import { Trial } from './trial.js';
import { POOR_MOS } from './verdict.js';

/** @type {readonly IceWay[]} */
export const TRIED = ['direct', 'udp', 'tcp', 'tls', 'ice-tcp'];

export const NAMES = ['browser', 'microphone', 'loudspeaker', 'server', 'network', ...TRIED];

const AUDIO_MS = 1_000;

/** A microphone that gives something is good enough for a call. @type {Record<string, Row['status']>} */
const OF_MICROPHONE = {
  mic_good: 'good',
  mic_quiet: 'warning',
  mic_distorted: 'warning',
  mic_silent: 'warning',
  mic_muted: 'bad',
};

export class Checkup {
  /** @type {Row[]} */
  rows = [];

  /**
   * @param {string} ticket that came with the page
   * @param {Progress} progress
   * @param {CheckTools} tools
   */
  constructor(ticket, progress, tools) {
    this.ticket = ticket;
    this.progress = progress;
    this.tools = tools;
  }

  /** @returns {Promise<Row[]>} in the order of NAMES */
  async run() {
    const inTheWay = this.tools.obstacle();
    this.add('browser', inTheWay ? 'bad' : 'good', inTheWay || 'browser_fine');
    if (!inTheWay) {
      const microphone = await this.openMicrophone();
      try {
        await Promise.all([this.checkSound(microphone), this.checkNetwork()]);
      } finally {
        if (microphone) stop(microphone);
      }
    }
    return this.rows.sort((a, b) => NAMES.indexOf(a.name) - NAMES.indexOf(b.name));
  }

  /** Before everything else: with its permission the browser shows its addresses too. */
  async openMicrophone() {
    this.progress.onRunning('microphone');
    try {
      return await this.tools.openMicrophone();
    } catch (error) {
      if (!(error instanceof MicrophoneError)) throw error;
      this.add('microphone', 'bad', error.code);
      return null;
    }
  }

  /**
   * One after the other, as the one hears the other.
   *
   * @param {MediaStream|null} microphone
   */
  async checkSound(microphone) {
    if (microphone) await this.hear(microphone);
    await this.checkLoudspeaker();
  }

  /** @param {MediaStream} microphone */
  async hear(microphone) {
    const { audio, clock } = this.tools;
    await this.audioRuns();
    if (audio.state !== 'running') {
      this.add('microphone', 'skipped', 'mic_unheard');
      return;
    }
    const loudness = await listen(audio, microphone, this.progress.onLevel, clock);
    const found = judgeMicrophone(loudness);
    const loudestDb = Math.max(-120, Math.round(loudness.loudestDb));
    this.add('microphone', OF_MICROPHONE[found], found, { loudestDb });
  }

  /** A Bluetooth headset takes its time to begin; where there is no sound card it never does. */
  async audioRuns() {
    const { audio, clock } = this.tools;
    const patience = new Promise((resolve) => clock.setTimeout(() => resolve(null), AUDIO_MS));
    await Promise.race([audio.resume(), patience]).catch((error) => console.info(error));
  }

  async checkLoudspeaker() {
    this.progress.onRunning('loudspeaker');
    const heard = await this.progress.askHeard();
    if (heard === null) this.add('loudspeaker', 'skipped', 'speaker_unanswered');
    else this.add('loudspeaker', heard ? 'good' : 'bad', heard ? 'speaker_heard' : 'speaker_unheard');
  }

  async checkNetwork() {
    const { api, socketUrl, openSocket, clock } = this.tools;
    this.progress.onRunning('server');
    const { ticket } = this;
    const [distance, configuration] = await Promise.all([
      measureServer(openSocket(socketUrl(ticket)), clock),
      api.ice(ticket).catch((error) => {
        console.warn(error);
        return null;
      }),
    ]);
    if (!distance || !configuration) {
      this.add('server', 'bad', 'server_unreachable');
      return;
    }
    this.add('server', 'good', 'server_fine', { ms: distance.ms });
    await this.checkAddresses(configuration.iceServers, distance.address);
    await this.checkWays(configuration.iceServers);
  }

  /**
   * @param {RTCIceServer[]} servers
   * @param {string} pageAddress
   */
  async checkAddresses(servers, pageAddress) {
    this.progress.onRunning('network');
    const pc = this.tools.makePeer(configurationFor(servers, 'direct'));
    const network = describeNetwork(await gather(pc, this.tools.clock), pageAddress);
    const { nat, ipv4, ipv6, isElsewhere } = network;
    const families = [ipv4 && 'IPv4', ipv6 && 'IPv6'].filter(Boolean).join(' + ');
    const isOdd = nat === 'unknown' || nat === 'hidden' || isElsewhere;
    this.add('network', isOdd ? 'warning' : 'good', `net_${nat}`, { families, isElsewhere });
  }

  /**
   * All at once: each needs little, and nobody likes to wait.
   *
   * @param {RTCIceServer[]} servers
   */
  async checkWays(servers) {
    const there = rungs(servers);
    const { stream, end } = silence(this.tools.audio);
    try {
      await Promise.all(
        TRIED.map((way) =>
          isRelay(way) && !there.includes(way)
            ? this.add(way, 'skipped', 'way_unset')
            : this.tryWay(way, servers, stream),
        ),
      );
    } finally {
      end();
    }
    this.doubtOpen();
  }

  /** A public address is no way out where a firewall lets no UDP through. */
  doubtOpen() {
    const [network, direct] = ['network', 'direct'].map((name) => this.rows.find((row) => row.name === name));
    if (network?.found !== 'net_open' || direct?.found !== 'way_blocked') return;
    this.rows.splice(this.rows.indexOf(network), 1);
    this.add('network', 'warning', 'net_unknown', network.data);
  }

  /**
   * @param {IceWay} way
   * @param {RTCIceServer[]} servers
   * @param {MediaStream} stream
   */
  async tryWay(way, servers, stream) {
    this.progress.onRunning(way);
    const ticket = await this.tools.api.ticket().catch((error) => {
      console.warn(error);
      return '';
    });
    if (!ticket) {
      this.add(way, 'bad', 'server_unreachable');
      return;
    }
    const trial = new Trial(way, servers, stream, this.tools);
    const { found, quality } = await trial.run(ticket, (second) => this.progress.onRunning(way, second));
    if (!quality) {
      this.add(way, 'bad', found);
      return;
    }
    const { rttMs: rtt, lossPercent: loss, ...rest } = quality;
    this.add(way, quality.mos < POOR_MOS ? 'warning' : 'good', found, { rtt, loss, ...rest });
  }

  /**
   * @param {string} name
   * @param {Row['status']} status
   * @param {string} found
   * @param {Row['data']} [data]
   */
  add(name, status, found, data = {}) {
    const row = { name, status, found, data };
    this.rows.push(row);
    this.progress.onRow(row);
  }
}

/**
 * What the calls say, so that none waits for the microphone.
 *
 * @param {AudioContext} audio
 * @returns {{stream: MediaStream, end: () => void}}
 */
function silence(audio) {
  const destination = audio.createMediaStreamDestination();
  const source = audio.createConstantSource();
  source.offset.value = 0;
  source.connect(destination);
  source.start();
  const end = () => {
    source.stop();
    stop(destination.stream);
  };
  return { stream: destination.stream, end };
}
