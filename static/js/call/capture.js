/**
 * Keeps a working microphone during one call. A headset that is unplugged ends its track. A telephone
 * call or an assistant takes the microphone away. After either, a fresh microphone is opened
 * (docs/browsers.md#microphone-looks-alive).
 *
 * @typedef {string} Trouble
 *   mic_muted: a switch, or another program that uses it; mic_silent: it has given nothing but digital
 *   silence so far; otherwise a code of microphone.js: there is no microphone
 *
 * @typedef {object} CaptureEvents
 * @property {(stream: MediaStream) => void} onStream from another microphone, in use from now on
 * @property {(trouble: Trouble) => void} onTrouble '' when it is over
 * @property {(kind: string, detail?: import('../link/timeline.js').Detail) => void} note for the timeline
 */

import { MicrophoneError, stop } from './microphone.js';
import { nth } from '../lib/backoff.js';

/** A track that is muted for less than this is in order (docs/browsers.md#muted-for-a-moment). */
export const MOMENT_MS = 2_000;
/** Waits before the second, third, … attempt to open one again; the last one repeats. */
export const RETRY_MS = [1_000, 3_000, 5_000];
/** Digital silence for this long means trouble: the person was just asked to say something. */
export const SILENT_MS = 8_000;

const MUTED = 'mic_muted';

export class Capture {
  failures = 0;
  stopped = false;
  isReopening = false;
  /** @type {Trouble} */
  trouble = '';
  /** Device ids of the microphones that there were at the last look. @type {Set<string>} */
  listed = new Set();
  timer = null;
  /** Since when an open microphone has given nothing; Infinity: it has given something. @type {number|null} */
  silentSince = null;

  /**
   * @param {MediaStream} stream
   * @param {() => Promise<MediaStream>} open
   * @param {CaptureEvents} events
   * @param {import('../lib/clock.js').Clock} clock
   */
  constructor(stream, open, events, clock) {
    this.stream = stream;
    this.open = open;
    this.events = events;
    this.clock = clock;
    this.watch();
  }

  /** @returns {MediaStreamTrack} */
  get track() {
    return this.stream.getAudioTracks()[0];
  }

  stop() {
    this.stopped = true;
    this.clock.clearTimeout(this.timer);
    stop(this.stream);
  }

  /** The page is in front again. Phones give the microphone back then. */
  returned() {
    if (this.track.readyState === 'ended' || this.track.muted) this.reopen('returned');
  }

  /** @param {MediaDeviceInfo[]} devices all that are present now */
  devicesChanged(devices) {
    const inputs = devices.filter(({ kind }) => kind === 'audioinput');
    const { deviceId = '' } = this.track.getSettings();
    const before = this.listed;
    this.listed = new Set(inputs.map((device) => device.deviceId));
    // A microphone that was never listed is not gone (docs/browsers.md#device-not-listed).
    if (before.has(deviceId) && !this.listed.has(deviceId)) this.reopen('device-gone');
  }

  /**
   * Looks for digital silence.
   *
   * @param {number|null} energy the microphone's total audio energy so far; null: not known
   */
  look(energy) {
    if (energy === null || !this.track.enabled || this.track.muted) {
      this.silentSince = null;
    } else if (energy > 0) {
      this.silentSince = Infinity;
      this.say('');
    } else {
      this.silentSince ??= this.clock.now();
      if (this.clock.now() - this.silentSince >= SILENT_MS) this.say('mic_silent');
    }
  }

  watch() {
    const { track } = this;
    track.onended = () => this.reopen('ended');
    // The person may have muted it on purpose, so it is not reopened while the page is in front.
    track.onmute = () => this.soon(MOMENT_MS, () => this.say(MUTED));
    track.onunmute = () => {
      this.clock.clearTimeout(this.timer);
      this.say('');
    };
  }

  /**
   * Plans something, instead of what was planned before.
   *
   * @param {number} ms
   * @param {() => void} then
   */
  soon(ms, then) {
    this.clock.clearTimeout(this.timer);
    this.timer = this.clock.setTimeout(then, ms);
  }

  /** @param {string} why for the timeline */
  async reopen(why) {
    if (this.stopped || this.isReopening) return;
    this.clock.clearTimeout(this.timer);
    this.isReopening = true;
    this.events.note('microphone', { why });
    const found = await this.openAgain();
    this.isReopening = false;
    if (this.stopped) {
      if (typeof found !== 'string') stop(found);
    } else if (typeof found !== 'string') {
      this.take(found);
    } else {
      this.say(found);
      if (found !== 'mic_denied') this.soon(nth(RETRY_MS, this.failures), () => this.reopen('retry'));
      this.failures += 1;
    }
  }

  /** @returns {Promise<MediaStream|Trouble>} a trouble: why there is none */
  async openAgain() {
    try {
      const stream = await this.open();
      if (!stream.getAudioTracks()[0].muted) return stream;
      stop(stream);
      return MUTED;
    } catch (error) {
      console.info('no microphone', error);
      return error instanceof MicrophoneError ? error.code : 'mic_missing';
    }
  }

  /** @param {MediaStream} stream */
  take(stream) {
    const { track, stream: before } = this;
    track.onended = track.onmute = track.onunmute = null;
    stop(before);
    this.stream = stream;
    this.failures = 0;
    this.track.enabled = track.enabled;
    this.watch();
    this.say('');
    this.events.onStream(stream);
  }

  /** @param {Trouble} trouble */
  say(trouble) {
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    this.events.onTrouble(trouble);
  }
}
