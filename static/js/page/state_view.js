/** Shows the state of the call: the sentences, and which buttons are offered. */

import { isLive } from '../call/call.js';
import { reasonFor } from '../call/reasons.js';
import { NOTICED_MS } from '../call/verdict.js';
import { say } from '../lib/i18n.js';
import { button, element, write } from './dom.js';
import { externalBrowserLink } from './external_browser.js';

/** @typedef {import('../call/call.js').CallState} CallState */

/** @type {Record<CallState, string>} */
const LINES = {
  idle: 'Tap to talk',
  'asking-mic': 'Allow your microphone…',
  waiting: 'Waiting for a free line…',
  connecting: 'Connecting…',
  connected: 'You’re connected. Say something!',
  recovering: 'Reconnecting…',
  ended: 'Call ended',
  failed: '',
};

/** @type {Record<CallState|'rejoin', string>} */
const BUTTON = {
  rejoin: 'Go back to your call',
  idle: 'Talk to the bot',
  'asking-mic': 'Waiting for your microphone',
  waiting: 'Waiting for a free line',
  connecting: 'Connecting',
  connected: 'In a call',
  recovering: 'Reconnecting',
  ended: 'Talk to the bot again',
  failed: 'Try again',
};

/** The next step while nothing comes from the microphone. @type {Record<string, string>} */
const MICROPHONE = {
  mic_muted: 'Your microphone is muted, or something else is using it.',
  mic_silent: 'We hear nothing from your microphone. Is it muted?',
};

/** Reasons that the self-test can say more about. */
const OF_NETWORK = new Set(['network_blocked', 'relay_down', 'call_lost', 'server_unreachable']);

export class StateView {
  muted = false;
  /** Whether the call has been connected. */
  wasUp = false;
  next = '';
  trouble = '';

  constructor() {
    this.talk = button('talk');
    this.talkLabel = element('talk-label');
    this.mute = button('mute');
    this.end = button('end');
    this.retry = button('retry');
    this.check = element('check');
    this.external = /** @type {HTMLAnchorElement} */ (element('outside'));
    this.external.href = externalBrowserLink(navigator.userAgent, location.href);
    this.fresh = button('fresh-call');
    this.copyLink = button('copy-link');
    this.share = button('share');
    /** Only there if the settings have a link. */
    this.contact = document.getElementById('contact');
    this.stateLine = element('state-line');
    this.nextStep = element('next-step');
    this.caption = element('caption');
  }

  /** @param {import('../call/call.js').Call} call */
  show({ state, reason }) {
    const live = isLive(state);
    const { dataset } = document.body;
    dataset.state = state;
    if (reason) dataset.reason = reason;
    else delete dataset.reason;
    this.talk.setAttribute('aria-disabled', String(live));
    this.talkLabel.textContent = say(BUTTON[reason === 'rejoin' ? reason : state]);
    this.fresh.hidden = reason !== 'rejoin';
    this.mute.disabled = state !== 'connected' && state !== 'recovering';
    this.end.disabled = !live;
    this.wasUp = live && (this.wasUp || state === 'connected');
    if (!live) {
      this.trouble = '';
      this.showCaption('');
    }
    this.explain(state, reason);
    // A button that was just disabled or hidden takes the keyboard's focus with it.
    if (document.activeElement?.matches(':disabled, [hidden]')) this.talk.focus();
  }

  /**
   * @param {CallState} state
   * @param {string} reason
   */
  explain(state, reason) {
    clearTimeout(this.reconnecting);
    const why = reason ? reasonFor(reason) : null;
    this.retry.hidden = state !== 'failed' || !why?.retryable;
    this.check.hidden = state !== 'failed' || !OF_NETWORK.has(reason);
    this.copyLink.hidden = reason !== 'in_app_browser';
    this.external.hidden = this.copyLink.hidden || !this.external.getAttribute('href');
    this.share.hidden = state !== 'ended';
    if (this.contact) this.contact.hidden = state !== 'ended';
    if (state === 'recovering') {
      this.reconnecting = setTimeout(() => this.lines(LINES.recovering, why?.nextStep ?? ''), NOTICED_MS);
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
    write(this.stateLine, say(line));
    this.next = next;
    this.writeNext();
  }

  /** Shows the call's next step. Without one, it says what is wrong with the microphone. */
  writeNext() {
    const muted = this.muted && this.wasUp ? say('You are muted.') : '';
    write(this.nextStep, this.next ? say(this.next) : muted || say(this.trouble));
  }

  /** @param {string} text shown in place of the next step, already translated; '' changes nothing */
  tell(text) {
    if (text) write(this.nextStep, text);
  }

  /** @param {number} place of the person, who waits for a line; 1 is next */
  showPlace(place) {
    const where = place === 1 ? say('You are next.') : say('You are number {place} in line.', { place });
    this.next = `${where} ${say('Stay here: the call begins by itself.')}`;
    this.writeNext();
  }

  /** @param {string} text what the bot says */
  showCaption(text) {
    this.caption.textContent = text;
  }

  /** @param {import('../call/capture.js').Trouble} trouble with the microphone */
  showTrouble(trouble) {
    this.trouble = trouble && (MICROPHONE[trouble] ?? reasonFor(trouble).sentence);
    this.writeNext();
  }

  /** @param {boolean} muted */
  showMuted(muted) {
    this.muted = muted;
    this.mute.setAttribute('aria-pressed', String(muted));
    this.writeNext();
  }
}
