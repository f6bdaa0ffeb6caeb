/** Everything on the page: the only module that touches the DOM. */

import { isLive } from './call.js';
import { reasonFor } from './reasons.js';
import { turnLine } from './turns.js';

/** @typedef {import('./call.js').Call} Call */

/** A path is known to be silent after 400 ms; what lasts no longer than a second is not worth a word. */
const RECONNECTING_AFTER_MS = 600;

/** @type {Record<import('./call.js').CallState, string>} */
const LINES = {
  idle: 'Tap to talk',
  'asking-mic': 'Allow your microphone…',
  connecting: 'Connecting…',
  connected: 'You’re connected. Say something!',
  recovering: 'Reconnecting…',
  ended: 'Call ended',
  failed: '',
};

/** @type {Record<import('./call.js').CallState, string>} */
const BUTTON = {
  idle: 'Talk to the bot',
  'asking-mic': 'Waiting for your microphone',
  connecting: 'Connecting',
  connected: 'In a call',
  recovering: 'Reconnecting',
  ended: 'Talk to the bot again',
  failed: 'Try again',
};

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id} on the page`);
  return found;
}

export class Ui {
  muted = false;
  startedAt = 0;
  iceHistory = '';
  /** @type {number[]} */
  turns = [];

  constructor() {
    this.body = document.body;
    this.talk = /** @type {HTMLButtonElement} */ (element('talk'));
    this.talkLabel = element('talk-label');
    this.muteButton = /** @type {HTMLButtonElement} */ (element('mute'));
    this.endButton = /** @type {HTMLButtonElement} */ (element('end'));
    this.retry = /** @type {HTMLButtonElement} */ (element('retry'));
    this.fresh = /** @type {HTMLButtonElement} */ (element('fresh-call'));
    this.copyLink = /** @type {HTMLButtonElement} */ (element('copy-link'));
    this.unlock = /** @type {HTMLButtonElement} */ (element('unlock-audio'));
    this.restart = /** @type {HTMLButtonElement} */ (element('restart-ice'));
    this.developer = /** @type {HTMLDetailsElement} */ (element('developer'));
    this.audio = /** @type {HTMLAudioElement} */ (element('remote-audio'));
    this.stateLine = element('state-line');
    this.nextStep = element('next-step');
    this.elapsed = element('elapsed');
    this.levels = { you: element('level-you'), bot: element('level-bot') };
    setInterval(() => this.showElapsed(), 500);
  }

  /** @returns {string} the ticket that came with the page */
  get ticket() {
    const meta = document.querySelector('meta[name=ticket]');
    return /** @type {HTMLMetaElement} */ (meta).content;
  }

  /** @param {Call} call */
  show(call) {
    const { state, reason } = call;
    const live = isLive(state);
    this.body.dataset.state = state;
    if (reason) this.body.dataset.reason = reason;
    else delete this.body.dataset.reason;
    this.talk.setAttribute('aria-disabled', String(live));
    this.talkLabel.textContent = reason === 'rejoin' ? 'Go back to your call' : BUTTON[state];
    this.fresh.hidden = reason !== 'rejoin';
    const inCall = state === 'connected' || state === 'recovering';
    this.muteButton.disabled = !inCall;
    this.endButton.disabled = !live;
    this.restart.disabled = !inCall;
    if (state === 'connected' && !this.startedAt) this.startedAt = Date.now();
    if (!live) this.startedAt = 0;
    if (state === 'asking-mic') this.forgetCall();
    this.say(state, reason);
    // A button that was just disabled or hidden takes the keyboard's focus with it.
    if (document.activeElement?.matches(':disabled, [hidden]')) this.talk.focus();
  }

  /**
   * @param {import('./call.js').CallState} state
   * @param {string} reason
   */
  say(state, reason) {
    clearTimeout(this.reconnecting);
    const why = reason ? reasonFor(reason) : null;
    this.retry.hidden = state !== 'failed' || !why?.retryable;
    this.copyLink.hidden = reason !== 'in_app_browser';
    if (state === 'recovering') {
      this.reconnecting = setTimeout(() => this.lines(LINES.recovering, why?.nextStep ?? ''), RECONNECTING_AFTER_MS);
      return;
    }
    const over = state === 'failed' || state === 'ended' || reason === 'rejoin';
    this.lines(over && why ? why.sentence : LINES[state], over && why ? why.nextStep : '');
  }

  /**
   * @param {string} line
   * @param {string} next
   */
  lines(line, next) {
    if (this.stateLine.textContent !== line) this.stateLine.textContent = line;
    if (this.nextStep.textContent !== next) this.nextStep.textContent = next;
  }

  forgetCall() {
    this.showMuted(false);
    this.iceHistory = '';
    this.elapsed.textContent = '0:00';
    for (const id of ['pair', 'relay', 'rtt', 'loss', 'jitter', 'heartbeat', 'ice', 'way', 'call']) {
      this.developerLine(id, '–');
    }
    this.developerLine('restarts', '0');
  }

  /** @param {boolean} muted */
  showMuted(muted) {
    this.muted = muted;
    this.muteButton.setAttribute('aria-pressed', String(muted));
  }

  showElapsed() {
    if (!this.startedAt) return;
    const seconds = Math.floor((Date.now() - this.startedAt) / 1000);
    this.elapsed.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }

  /**
   * @param {'you'|'bot'} who
   * @param {number} level 0 to 1
   */
  showLevel(who, level) {
    const value = this.muted && who === 'you' ? 0 : level;
    this.levels[who].style.setProperty('--level', value.toFixed(3));
    this.talk.style.setProperty(`--${who}-now`, value.toFixed(3));
  }

  /** @param {MediaStream} stream */
  async play(stream) {
    this.audio.srcObject = stream;
    await this.unlockAudio();
  }

  async unlockAudio() {
    try {
      await this.audio.play();
      this.unlock.hidden = true;
    } catch (error) {
      // The call may have ended meanwhile; otherwise the browser wants one more tap.
      const { name } = /** @type {Error} */ (error);
      if (name !== 'AbortError') this.unlock.hidden = false;
    }
  }

  stopPlaying() {
    this.audio.srcObject = null;
    this.unlock.hidden = true;
  }

  async copyPageLink() {
    try {
      await navigator.clipboard.writeText(location.href);
      this.lines(this.stateLine.textContent ?? '', 'Link copied. Paste it into Safari or Chrome.');
    } catch {
      // No clipboard in this browser either: show what to copy.
      this.lines(this.stateLine.textContent ?? '', location.href);
    }
  }

  /** @param {number} ms */
  addTurn(ms) {
    this.turns.push(ms);
    this.developerLine('turn', turnLine(this.turns));
  }

  /** @param {string} state */
  addIce(state) {
    this.iceHistory = this.iceHistory ? `${this.iceHistory} → ${state}` : state;
    this.developerLine('ice', this.iceHistory);
  }

  /** @param {import('./stats.js').Summary} summary */
  showStats({ pair, protocol, relayProtocol, rttMs, lossPercent, jitterMs }) {
    this.developerLine('pair', pair ? `${pair} (${protocol})` : '–');
    this.developerLine('relay', relayProtocol || 'none');
    this.developerLine('rtt', unit(rttMs, 'ms'));
    this.developerLine('loss', unit(lossPercent, '%'));
    this.developerLine('jitter', unit(jitterMs, 'ms'));
  }

  /**
   * @param {string} name of a line of the developer panel
   * @param {string} text
   */
  developerLine(name, text) {
    element(`dev-${name}`).textContent = text;
  }
}

/**
 * @param {number|null} value
 * @param {string} name
 * @returns {string}
 */
function unit(value, name) {
  return value === null ? '–' : `${value} ${name}`;
}
