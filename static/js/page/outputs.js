/**
 * The choice between loudspeakers: earpiece, loudspeaker, headset (W3C Audio Output Devices).
 *
 * @typedef {{id: string, label: string}} Output
 */

import { element } from './dom.js';

export class OutputChoice {
  /** @param {HTMLAudioElement} audio the element that plays the bot */
  constructor(audio) {
    this.audio = audio;
    this.select = /** @type {HTMLSelectElement} */ (element('output'));
    this.select.addEventListener('change', () => this.use());
  }

  /** @param {MediaDeviceInfo[]} devices all that are present now */
  offer(devices) {
    const outputs = outputsOf(devices);
    const chosen = this.select.value;
    this.select.replaceChildren(...outputs.map(({ id, label }) => new Option(label, id, false, id === chosen)));
    // If the chosen one is gone, the select has another value now.
    if (chosen && this.select.value !== chosen) this.use();
    element('output-choice').hidden = !outputs.length || !('setSinkId' in this.audio);
  }

  /** Plays on the chosen loudspeaker. */
  async use() {
    try {
      await /** @type {any} */ (this.audio).setSinkId(this.select.value);
    } catch (error) {
      console.info('not this loudspeaker', error);
      this.select.value = /** @type {any} */ (this.audio).sinkId;
    }
  }
}

/**
 * Returns the loudspeakers to choose from. They have names once the microphone is allowed
 * (docs/browsers.md#devices-need-microphone).
 *
 * @param {MediaDeviceInfo[]} devices
 * @returns {Output[]} empty if there is no choice
 */
export function outputsOf(devices) {
  const outputs = devices
    .filter(({ kind, label }) => kind === 'audiooutput' && label)
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
  return outputs.length > 1 ? outputs : [];
}
