/** The panel for developers. It is in English only. */

import { turnLine } from '../call/turns.js';
import { button, element } from './dom.js';

const NOTHING = '–';
const LINES = ['pair', 'relay', 'rtt', 'loss', 'jitter', 'heartbeat', 'ice', 'way', 'call'];

export class DeveloperPanel {
  iceHistory = '';
  /** @type {number[]} */
  turns = [];

  constructor() {
    this.panel = /** @type {HTMLDetailsElement} */ (element('developer'));
    this.restart = button('restart-ice');
  }

  /** @param {import('../call/call.js').CallState} state of the call */
  moved(state) {
    this.restart.disabled = state !== 'connected' && state !== 'recovering';
    if (state === 'asking-mic') this.reset();
  }

  /** A new call begins. The waits for answers are kept. */
  reset() {
    this.iceHistory = '';
    for (const name of LINES) line(name, NOTHING);
    line('restarts', '0');
  }

  /** @param {import('../call/controller.js').CallDiagnostics} diagnostics */
  show({ callId, link }) {
    line('call', callId || NOTHING);
    line('restarts', String(link?.restarts ?? 0));
    line('way', link?.way ?? NOTHING);
    line('heartbeat', unit(link?.heartbeatMs, 'ms'));
    if (link?.summary) this.showStats(link.summary);
  }

  /** @param {import('../link/stats.js').Summary} summary */
  showStats({ pair, protocol, relayProtocol, rttMs, lossPercent, jitterMs }) {
    line('pair', pair ? `${pair} (${protocol})` : NOTHING);
    line('relay', relayProtocol || 'none');
    line('rtt', unit(rttMs, 'ms'));
    line('loss', unit(lossPercent, '%'));
    line('jitter', unit(jitterMs, 'ms'));
  }

  /** @param {string} state */
  addIce(state) {
    this.iceHistory = this.iceHistory ? `${this.iceHistory} → ${state}` : state;
    line('ice', this.iceHistory);
  }

  /** @param {number} ms how long the person waited for an answer */
  addTurn(ms) {
    this.turns.push(ms);
    line('turn', turnLine(this.turns));
  }

  /** @param {string[]} slips unknown values in the page's address */
  showSlips(slips) {
    const place = element('dev-slips');
    place.textContent = slips.join(' ');
    place.hidden = !slips.length;
  }
}

/**
 * @param {string} name
 * @param {string} text
 */
function line(name, text) {
  element(`dev-${name}`).textContent = text;
}

/**
 * @param {number|null|undefined} value
 * @param {string} name the name of the unit
 * @returns {string}
 */
function unit(value, name) {
  return value === null || value === undefined ? NOTHING : `${value} ${name}`;
}
