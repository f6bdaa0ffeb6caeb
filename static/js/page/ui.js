/** Everything on the page: with picture.js, the only module that touches the DOM. */

import { isLive } from '../call/call.js';
import { linkOutside } from './external_browser.js';
import { Picture, SILENT } from './picture.js';
import { reasonFor } from '../call/reasons.js';
import { turnLine } from '../call/turns.js';
import { NOTICED_MS } from '../call/verdict.js';
import { Pace } from './visual.js';
import { say } from '../lib/i18n.js';

/** @typedef {import('../call/call.js').Call} Call */

/** @type {Record<import('../call/call.js').CallState, string>} */
const LINES = {
  idle: 'Tap to talk',
  'asking-mic': 'Allow your microphone…',
  connecting: 'Connecting…',
  connected: 'You’re connected. Say something!',
  recovering: 'Reconnecting…',
  ended: 'Call ended',
  failed: '',
};

/** @type {Record<import('../call/call.js').CallState|'rejoin', string>} */
const BUTTON = {
  rejoin: 'Go back to your call',
  idle: 'Talk to the bot',
  'asking-mic': 'Waiting for your microphone',
  connecting: 'Connecting',
  connected: 'In a call',
  recovering: 'Reconnecting',
  ended: 'Talk to the bot again',
  failed: 'Try again',
};

/** What stands under the state while nothing comes from the microphone. @type {Record<string, string>} */
const MICROPHONE = {
  mic_muted: 'Your microphone is muted, or something else is using it.',
  mic_silent: 'We hear nothing from your microphone. Is it muted?',
};

/** What the self-test can say more about. */
const OF_NETWORK = new Set(['network_blocked', 'call_lost', 'server_unreachable']);

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
  next = '';
  trouble = '';
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
    this.check = element('check');
    this.outside = /** @type {HTMLAnchorElement} */ (element('outside'));
    this.outside.href = linkOutside(navigator.userAgent, location.href);
    this.output = /** @type {HTMLSelectElement} */ (element('output'));
    this.fresh = /** @type {HTMLButtonElement} */ (element('fresh-call'));
    this.copyLink = /** @type {HTMLButtonElement} */ (element('copy-link'));
    this.unlock = /** @type {HTMLButtonElement} */ (element('unlock-audio'));
    this.share = /** @type {HTMLButtonElement} */ (element('share'));
    /** Only where the settings have a link. */
    this.contact = document.getElementById('contact');
    this.nextVisitor = /** @type {HTMLButtonElement} */ (element('next-visitor'));
    this.restart = /** @type {HTMLButtonElement} */ (element('restart-ice'));
    this.developer = /** @type {HTMLDetailsElement} */ (element('developer'));
    this.audio = /** @type {HTMLAudioElement} */ (element('remote-audio'));
    this.stateLine = element('state-line');
    this.nextStep = element('next-step');
    this.caption = element('caption');
    this.elapsed = element('elapsed');
    this.picture = new Picture(/** @type {HTMLCanvasElement} */ (element('voices')), window);
    this.pace = new Pace();
    this.levels = { you: element('level-you'), bot: element('level-bot') };
    setInterval(() => this.showElapsed(), 500);
  }

  /** @returns {string} the ticket that came with the page */
  get ticket() {
    const meta = document.querySelector('meta[name=ticket]');
    return /** @type {HTMLMetaElement} */ (meta).content;
  }

  /** @returns {string|undefined} URL of the stand whose screen this is */
  get stand() {
    return this.body.dataset.stand;
  }

  /** @returns {string} of the page */
  get language() {
    return document.documentElement.lang;
  }

  /** @returns {Record<string, string>} the page's words by their English */
  get words() {
    return JSON.parse(element('words').textContent ?? '{}');
  }

  /** @param {Call} call */
  show(call) {
    const { state, reason } = call;
    const live = isLive(state);
    this.body.dataset.state = state;
    if (reason) this.body.dataset.reason = reason;
    else delete this.body.dataset.reason;
    this.talk.setAttribute('aria-disabled', String(live));
    this.talkLabel.textContent = say(BUTTON[reason === 'rejoin' ? reason : state]);
    this.fresh.hidden = reason !== 'rejoin';
    const inCall = state === 'connected' || state === 'recovering';
    this.muteButton.disabled = !inCall;
    this.endButton.disabled = !live;
    this.restart.disabled = !inCall;
    if (state === 'connected' && !this.startedAt) this.startedAt = Date.now();
    if (!live) {
      this.startedAt = 0;
      this.trouble = '';
      this.showCaption('');
    }
    if (state === 'asking-mic') this.forgetCall();
    this.say(state, reason);
    // A button that was just disabled or hidden takes the keyboard's focus with it.
    if (document.activeElement?.matches(':disabled, [hidden]')) this.talk.focus();
  }

  /**
   * @param {import('../call/call.js').CallState} state
   * @param {string} reason
   */
  say(state, reason) {
    clearTimeout(this.reconnecting);
    const why = reason ? reasonFor(reason) : null;
    this.retry.hidden = state !== 'failed' || !why?.retryable;
    this.check.hidden = state !== 'failed' || !OF_NETWORK.has(reason);
    this.copyLink.hidden = reason !== 'in_app_browser';
    this.outside.hidden = this.copyLink.hidden || !this.outside.getAttribute('href');
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

  /** Of two things to do, what the call itself asks for comes first. */
  writeNext() {
    const muted = this.muted && this.startedAt ? say('You are muted.') : '';
    write(this.nextStep, this.next ? say(this.next) : muted || say(this.trouble));
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

  /** @param {import('./outputs.js').Output[]} outputs to choose from */
  offerOutputs(outputs) {
    const chosen = this.output.value;
    this.output.replaceChildren(...outputs.map(({ id, label }) => new Option(label, id, false, id === chosen)));
    // One that is gone is followed by the system's choice.
    if (chosen && this.output.value !== chosen) this.useOutput();
    element('output-choice').hidden = !outputs.length || !('setSinkId' in this.audio);
  }

  /** The one that was chosen. */
  async useOutput() {
    try {
      await /** @type {any} */ (this.audio).setSinkId(this.output.value);
    } catch (error) {
      console.info('not this loudspeaker', error);
      this.output.value = /** @type {any} */ (this.audio).sinkId;
    }
  }

  /** @param {number|null} seconds until a phone at a stand is ready for another; null where it waits for nobody */
  showVisitor(seconds) {
    const begins = this.nextVisitor.hidden;
    this.nextVisitor.hidden = seconds === null;
    if (seconds === null) {
      write(element('told'), '');
      return;
    }
    element('seconds').textContent = `(${seconds})`;
    // Once: the number on the button is not read out every second.
    if (begins) write(element('told'), say('This screen is the next visitor’s in {seconds} seconds.', { seconds }));
  }

  /** @param {string} line how the call went */
  sum(line) {
    if (line) write(this.nextStep, line);
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
    this.writeNext();
  }

  showElapsed() {
    if (!this.startedAt) return;
    const seconds = Math.floor((Date.now() - this.startedAt) / 1000);
    this.elapsed.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }

  /**
   * @param {number} now of an animation frame
   * @param {Partial<Record<'you'|'bot', import('./meter.js').Meter>>} meters
   * @returns {boolean} whether there may be more to see next time
   */
  showVoices(now, { you, bot }) {
    if (!this.pace.isDue(now)) return true;
    const mine = this.muted ? undefined : you;
    this.levels.you.style.setProperty('--level', (mine?.level() ?? 0).toFixed(3));
    this.levels.bot.style.setProperty('--level', (bot?.level() ?? 0).toFixed(3));
    return this.picture.draw(mine?.spectrum() ?? SILENT, bot?.spectrum() ?? SILENT, now);
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

  async sharePage() {
    const url = linkForOthers();
    if (!navigator.share) {
      await this.copyPageLink('Link copied.', url);
      return;
    }
    try {
      await navigator.share({ title: document.title, url });
    } catch (error) {
      // Or the person thought better of it.
      if (/** @type {Error} */ (error).name !== 'AbortError') await this.copyPageLink('Link copied.', url);
    }
  }

  /**
   * @param {string} done what is said of it
   * @param {string} link
   */
  async copyPageLink(done, link = location.href) {
    try {
      await navigator.clipboard.writeText(link);
      write(this.nextStep, say(done));
    } catch {
      // No clipboard in this browser either: show what to copy.
      write(this.nextStep, link);
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

  /** @param {import('../link/stats.js').Summary} summary */
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

/** @returns {string} this page, without whence its visitor came: others were not at that stand */
function linkForOthers() {
  const link = new URL(location.href);
  for (const name of ['from', 'stand']) link.searchParams.delete(name);
  return link.href;
}

/**
 * What has not changed is not read out again.
 *
 * @param {HTMLElement} place
 * @param {string} text
 */
function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/**
 * @param {number|null} value
 * @param {string} name
 * @returns {string}
 */
function unit(value, name) {
  return value === null ? '–' : `${value} ${name}`;
}
