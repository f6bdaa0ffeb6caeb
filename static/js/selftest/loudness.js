/**
 * Listens to the microphone and judges what it gives.
 *
 * @typedef {object} Loudness what the microphone gave
 * @property {number} peak the largest sample, 0 to 1
 * @property {number} loudestDb RMS of the loudest moment, dBFS
 * @property {number} clipped share of the samples at the limit, in the worst moment
 *
 * @typedef {'mic_good'|'mic_quiet'|'mic_distorted'|'mic_silent'|'mic_muted'} MicrophoneFinding
 */

import { sleep } from '../lib/clock.js';

/** Listening ends early, but not before AT_LEAST_MS, once somebody was heard well. */
const LISTEN_MS = 8_000;
const AT_LEAST_MS = 2_000;
const LOOK_MS = 50;
/** dBFS. Below this nobody spoke, or the microphone is too far away. */
const SPEECH_DB = -50;
const QUIET_DB = -40;
/** A loud sample is at the limit once in a while; a distorted recording stays there. */
const FULL = 0.99;
const CLIPPED = 0.02;

/**
 * @param {Loudness} loudness
 * @returns {MicrophoneFinding}
 */
export function judgeMicrophone({ peak, loudestDb, clipped }) {
  if (peak === 0) return 'mic_muted';
  if (loudestDb < SPEECH_DB) return 'mic_silent';
  if (clipped > CLIPPED) return 'mic_distorted';
  return loudestDb < QUIET_DB ? 'mic_quiet' : 'mic_good';
}

/**
 * @param {AudioContext} context running
 * @param {MediaStream} stream
 * @param {(level: number) => void} onLevel gets 0 to 1, every LOOK_MS
 * @param {import('../lib/clock.js').Clock} clock
 * @returns {Promise<Loudness>}
 */
export async function listen(context, stream, onLevel, clock) {
  const source = context.createMediaStreamSource(stream);
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const loudness = { peak: 0, loudestDb: -Infinity, clipped: 0 };
  for (let look = 1; look <= LISTEN_MS / LOOK_MS; look += 1) {
    await sleep(clock, LOOK_MS);
    analyser.getFloatTimeDomainData(samples);
    const { peak, db, clipped } = measure(samples);
    loudness.peak = Math.max(loudness.peak, peak);
    loudness.loudestDb = Math.max(loudness.loudestDb, db);
    loudness.clipped = Math.max(loudness.clipped, clipped);
    onLevel(Math.max(0, Math.min(1, 1 + db / 60)));
    if (look * LOOK_MS >= AT_LEAST_MS && judgeMicrophone(loudness) === 'mic_good') break;
  }
  source.disconnect();
  onLevel(0);
  return loudness;
}

/**
 * @param {Float32Array} samples
 * @returns {{peak: number, db: number, clipped: number}}
 */
export function measure(samples) {
  let peak = 0;
  let sum = 0;
  let full = 0;
  for (const sample of samples) {
    peak = Math.max(peak, Math.abs(sample));
    sum += sample * sample;
    full += Math.abs(sample) >= FULL ? 1 : 0;
  }
  return { peak, db: 10 * Math.log10(sum / samples.length), clipped: full / samples.length };
}
