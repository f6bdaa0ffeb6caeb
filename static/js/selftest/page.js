/** The page around the lines: the verdict, the question, the buttons, and the code for support. */

import { reasonFor } from '../call/reasons.js';
import { VERDICTS } from '../generated/selftest_sentences.js';
import { say } from '../lib/i18n.js';
import { button, element, meta } from './elements.js';

export class Page {
  start = button('start');
  copy = button('copy');
  share = button('share');
  sentence = element('verdict');
  nextStep = element('next-step');
  code = element('code');
  talk = element('talk-now');
  heard = button('heard');
  unheard = button('unheard');
  chime = button('chime');
  question = element('question');
  ticket = meta('ticket');
  /** The token that marks the calls of a self-test. */
  source = meta('source');
  words = JSON.parse(element('words').textContent ?? '{}');

  /** @param {number} level 0 to 1, of the microphone */
  showLevel(level) {
    element('level').style.setProperty('--level', level.toFixed(3));
  }

  begin() {
    document.body.dataset.state = 'running';
    this.sentence.textContent = say('Checking…');
    this.nextStep.textContent = say('Say something, so that we know that your microphone hears you.');
    this.code.textContent = '';
    this.copy.textContent = say('Copy report');
    element('told').textContent = '';
    this.start.disabled = true;
    for (const after of [this.copy, this.share, this.talk]) after.hidden = true;
  }

  /** @param {string} code the code of the verdict */
  end(code) {
    const isFine = code.startsWith('fine');
    Object.assign(document.body.dataset, { state: isFine ? 'fine' : 'trouble', verdict: code });
    const { sentence, nextStep } = VERDICTS[code] ?? reasonFor(code);
    this.sentence.textContent = say(sentence);
    this.nextStep.textContent = say(nextStep);
    this.start.disabled = false;
    this.start.textContent = say('Check again');
    this.copy.hidden = false;
    this.share.hidden = !navigator.share;
    this.talk.hidden = !isFine;
    // The button that was pressed last is hidden by now, and the keyboard's focus is lost with it.
    if (document.activeElement === document.body) this.start.focus({ preventScroll: true });
  }

  /** @param {string} code for support; '' if the report could not be kept */
  showCode(code) {
    this.code.textContent = code
      ? say('Code for support: {code}', { code: `${code.slice(0, 3)}-${code.slice(3)}` })
      : say('We could not store the report. Copy it if you want to send it to us.');
  }

  /** @param {string} report */
  async copyReport(report) {
    try {
      await navigator.clipboard.writeText(report);
      this.tell(say('Copied'));
    } catch {
      this.tell(say('Your browser does not let us copy'));
    }
  }

  /** @param {string} outcome the result of copying: shown on the button, and read out by screen readers */
  tell(outcome) {
    this.copy.textContent = outcome;
    element('told').textContent = outcome;
  }

  /** @param {string} report */
  async shareReport(report) {
    try {
      await navigator.share({ title: document.title, text: report });
    } catch (error) {
      // AbortError: the person changed their mind.
      if (/** @type {Error} */ (error).name !== 'AbortError') await this.copyReport(report);
    }
  }
}
