/** May we use the microphone, and does it hear the person? */

import { MicrophoneError } from '../../call/microphone.js';
import { MICROPHONE, TITLES } from '../../generated/selftest_sentences.js';
import { judgeMicrophone, listen } from '../loudness.js';
import { browser } from './browser.js';

const AUDIO_MS = 1_000;

/**
 * A microphone that gives any sound is good enough for a call.
 *
 * @type {Record<import('../loudness.js').MicrophoneFinding, import('../runner.js').Status>}
 */
const STATUS = {
  mic_good: 'good',
  mic_quiet: 'warning',
  mic_distorted: 'warning',
  mic_silent: 'warning',
  mic_muted: 'bad',
};

const LINE = { name: 'microphone', title: TITLES.microphone, sentences: MICROPHONE };

/**
 * Comes before everything that uses the network: only with this permission do host candidates have
 * addresses (docs/browsers.md#addresses-need-microphone).
 *
 * @type {import('../runner.js').Check}
 */
export const permission = {
  ...LINE,
  needs: [browser],
  after: [],

  async run(context) {
    try {
      context.microphone = await context.tools.openMicrophone();
      return null;
    } catch (error) {
      if (!(error instanceof MicrophoneError)) throw error;
      return { status: 'bad', found: error.code };
    }
  },
};

/** @type {import('../runner.js').Check} */
export const microphone = {
  ...LINE,
  needs: [permission],
  after: [],

  async run({ microphone, tools: { audio, clock, onLevel } }) {
    await started(audio, clock);
    if (!microphone || audio.state !== 'running') return { status: 'skipped', found: 'mic_unheard' };
    const loudness = await listen(audio, microphone, onLevel, clock);
    const found = judgeMicrophone(loudness);
    const loudestDb = Math.max(-120, Math.round(loudness.loudestDb));
    return { status: STATUS[found], found, data: { loudestDb } };
  },
};

/**
 * Waits until the context runs. A Bluetooth headset takes a while to start. Without a sound card the
 * context never runs (docs/browsers.md#firefox-no-sound-card).
 *
 * @param {AudioContext} audio
 * @param {import('../../lib/clock.js').Clock} clock
 */
async function started(audio, clock) {
  const patience = new Promise((resolve) => clock.setTimeout(() => resolve(null), AUDIO_MS));
  await Promise.race([audio.resume(), patience]).catch((error) => console.info(error));
}
