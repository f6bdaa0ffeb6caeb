/** Everything the self-test touches in the document. */

import { REASONS } from '../call/reasons.js';
import { say } from '../lib/i18n.js';
import { ADVICE, FOUND, NEXT_STEPS, TITLES, VERDICTS } from './sentences.js';

/** @typedef {import('./verdict.js').Row} Row */

/** Read out before what was found; colour and shape say the same. @type {Record<string, string>} */
const STATUS = {
  waiting: 'Not checked yet',
  running: 'Checking…',
  good: 'Fine',
  warning: 'Worth a look',
  bad: 'Not working',
  skipped: 'Left out',
};

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
  /** Whence the calls of a self-test come. */
  source = meta('source');
  words = JSON.parse(element('words').textContent ?? '{}');

  /** @param {readonly string[]} names */
  list(names) {
    element('rows').replaceChildren(...names.map(line));
    for (const name of names) this.show(name, 'waiting', '', '');
  }

  /**
   * @param {string} name
   * @param {string} progress
   */
  running(name, progress = '') {
    this.show(name, 'running', progress, '');
  }

  /** @param {Row} row */
  done({ name, status, found, data }) {
    const values = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, local(value)]));
    const key = found === 'way_works' && status === 'warning' ? 'way_poor' : found;
    const text = say(FOUND[key] ?? REASONS[found].sentence, values);
    const advice = ADVICE[data.isElsewhere ? 'net_elsewhere' : found] ?? REASONS[found]?.nextStep ?? '';
    this.show(name, status, data.families ? `${text} ${data.families}.` : text, say(advice));
    element(`row-${name}`).dataset.found = found;
  }

  /**
   * @param {string} name
   * @param {string} status
   * @param {string} text
   * @param {string} advice
   */
  show(name, status, text, advice) {
    const row = element(`row-${name}`);
    row.dataset.status = status;
    /** @type {[string, string][]} */
    const lines = [['.status', `${say(STATUS[status])}: `], ['.found', text], ['.advice', advice]];
    for (const [place, told] of lines) {
      const part = /** @type {HTMLElement} */ (row.querySelector(place));
      if (part.textContent !== told) part.textContent = told;
    }
  }

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

  /** @param {string} code of the verdict */
  end(code) {
    const isFine = code.startsWith('fine');
    Object.assign(document.body.dataset, { state: isFine ? 'fine' : 'trouble', verdict: code });
    this.sentence.textContent = say(VERDICTS[code] ?? REASONS[code].sentence);
    this.nextStep.textContent = say(NEXT_STEPS[code] ?? REASONS[code].nextStep);
    this.start.disabled = false;
    this.start.textContent = say('Check again');
    this.copy.hidden = false;
    this.share.hidden = !navigator.share;
    this.talk.hidden = !isFine;
    // The button that was pressed last is hidden by now, and took the keyboard's focus with it.
    if (document.activeElement === document.body) this.start.focus({ preventScroll: true });
  }

  /** @param {string} code for support; '' where the report could not be kept */
  showCode(code) {
    this.code.textContent = code
      ? say('Code for support: {code}', { code: `${code.slice(0, 3)}-${code.slice(3)}` })
      : say('We could not keep the report. Copy it, if you want to send it to us.');
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

  /** @param {string} done what became of the copy: on its button, and aloud */
  tell(done) {
    this.copy.textContent = done;
    element('told').textContent = done;
  }

  /** @param {string} report */
  async shareReport(report) {
    try {
      await navigator.share({ title: document.title, text: report });
    } catch (error) {
      // Or the person thought better of it.
      if (/** @type {Error} */ (error).name !== 'AbortError') await this.copyReport(report);
    }
  }
}

/**
 * @param {string} name
 * @returns {HTMLElement}
 */
function line(name) {
  const template = /** @type {HTMLTemplateElement} */ (element('row'));
  const row = /** @type {HTMLElement} */ (template.content.cloneNode(true)).firstElementChild;
  const made = /** @type {HTMLElement} */ (row);
  made.id = `row-${name}`;
  /** @type {HTMLElement} */ (made.querySelector('.title')).textContent = say(TITLES[name]);
  return made;
}

/**
 * @param {string} name
 * @returns {string}
 */
function meta(name) {
  return /** @type {HTMLMetaElement} */ (document.querySelector(`meta[name="${name}"]`)).content;
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * @param {string} id
 * @returns {HTMLButtonElement}
 */
function button(id) {
  return /** @type {HTMLButtonElement} */ (element(id));
}

/**
 * @param {string|number|boolean} value
 * @returns {string} as the person's language writes it
 */
function local(value) {
  return typeof value === 'number' ? value.toLocaleString(document.documentElement.lang) : String(value);
}
