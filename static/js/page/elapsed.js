/** Shows how long the call has lasted. */

import { isLive } from '../call/call.js';
import { element } from './dom.js';

export class ElapsedTime {
  /** Epoch ms; 0: there is no call. */
  startedAt = 0;

  constructor() {
    this.place = element('elapsed');
    setInterval(() => this.show(), 500);
  }

  /** @param {import('../call/call.js').CallState} state of the call */
  moved(state) {
    if (state === 'connected' && !this.startedAt) this.startedAt = Date.now();
    if (!isLive(state)) this.startedAt = 0;
    if (state === 'asking-mic') this.place.textContent = '0:00';
  }

  show() {
    if (!this.startedAt) return;
    const seconds = Math.floor((Date.now() - this.startedAt) / 1000);
    this.place.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }
}
