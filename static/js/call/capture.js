/**
 * Keeps a microphone under one call. A headset that is unplugged takes its track along, a telephone
 * call or an assistant takes the microphone, and after either a track may look alive and be dead: a
 * fresh one is the only reliable cure.
 *
 * @typedef {string} Trouble
 *   mic_muted: a switch, or something else that has it; mic_silent: it has never given anything but
 *   digital silence; a code of microphone.js where there is none to be had
 *
 * @typedef {object} CaptureEvents
 * @property {(stream: MediaStream) => void} onStream another microphone is in use from now on
 * @property {(trouble: Trouble) => void} onTrouble '' when it is over
 * @property {(kind: string, detail?: import('../link/timeline.js').Detail) => void} note for the timeline
 */

import { MicrophoneError, stop } from './microphone.js';
import { nth } from '../lib/backoff.js';

/** A browser mutes a track for a moment whenever the system does something with sound. */
export const MOMENT_MS = 2_000;
/** Waits before the second, third, … try to get one again; the last one repeats. */
export const RETRY_MS = [1_000, 3_000, 5_000];
/** Nobody is silent for so long who has just been asked to say something. */
export const SILENT_MS = 8_000;

const MUTED = 'mic_muted';

export class Capture {
  failures = 0;
  stopped = false;
  isReopening = false;
  /** @type {Trouble} */
  trouble = '';
  /** The microphones that there were when last looked at. @type {Set<string>} */
  listed = new Set();
  timer = null;
  /** When there was nothing yet, and would have been something to hear. @type {number|null} */
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

  /** The page is in front again, where phones give a microphone back. */
  returned() {
    if (this.track.readyState === 'ended' || this.track.muted) this.reopen('returned');
  }

  /** @param {MediaDeviceInfo[]} devices that are there now */
  devicesChanged(devices) {
    const inputs = devices.filter(({ kind }) => kind === 'audioinput');
    const { deviceId = '' } = this.track.getSettings();
    const before = this.listed;
    this.listed = new Set(inputs.map((device) => device.deviceId));
    // Some browsers never list the one they have given.
    if (before.has(deviceId) && !this.listed.has(deviceId)) this.reopen('device-gone');
  }

  /**
   * @param {number|null} energy of all that the microphone has given so far; null: not known
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
    // Whoever muted it may have meant it: it is not fought over while the page is in front.
    track.onmute = () => this.soon(MOMENT_MS, () => this.say(MUTED));
    track.onunmute = () => {
      this.clock.clearTimeout(this.timer);
      this.say('');
    };
  }

  /**
   * @param {number} ms
   * @param {() => void} then
   */
  soon(ms, then) {
    this.clock.clearTimeout(this.timer);
    this.timer = this.clock.setTimeout(then, ms);
  }

  /** @param {string} why */
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

  /** @returns {Promise<MediaStream|Trouble>} why there is none */
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
