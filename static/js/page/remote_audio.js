/** Plays the bot's voice. */

import { button, element } from './dom.js';

export class RemoteAudio {
  constructor() {
    this.audio = /** @type {HTMLAudioElement} */ (element('remote-audio'));
    this.unlock = button('unlock-audio');
    this.unlock.addEventListener('click', () => this.start());
  }

  /** @param {MediaStream} stream */
  async play(stream) {
    this.audio.srcObject = stream;
    await this.start();
  }

  async start() {
    try {
      await this.audio.play();
      this.unlock.hidden = true;
    } catch (error) {
      // AbortError: the call has ended meanwhile. Otherwise another tap is needed (docs/browsers.md#sound-needs-tap).
      const { name } = /** @type {Error} */ (error);
      if (name !== 'AbortError') this.unlock.hidden = false;
    }
  }

  stop() {
    this.audio.srcObject = null;
    this.unlock.hidden = true;
  }
}
