/**
 * The list of checks on the page, a line each.
 *
 * @typedef {import('./runner.js').Check} Check
 * @typedef {import('./runner.js').Row} Row
 */

import { STATUSES } from '../generated/selftest_sentences.js';
import { say } from '../lib/i18n.js';
import { element } from './elements.js';
import { wording } from './wording.js';

export class Lines {
  /** @param {readonly Check[]} checks */
  constructor(checks) {
    /** @type {Map<string, Check>} */
    this.checks = new Map(checks.map((check) => [check.name, check]));
    this.reset();
  }

  /** Makes every line new: nothing is checked yet. */
  reset() {
    element('rows').replaceChildren(...[...this.checks.values()].map(line));
    for (const name of this.checks.keys()) this.show(name, 'waiting', '', '');
  }

  /**
   * @param {string} name
   * @param {string} progress
   */
  running(name, progress) {
    this.show(name, 'running', progress, '');
  }

  /** @param {Row} row */
  done(row) {
    const check = /** @type {Check} */ (this.checks.get(row.name));
    const { found, advice } = wording(row, check.sentences);
    this.show(row.name, row.status, found, advice);
    element(`row-${row.name}`).dataset.found = row.found;
  }

  /**
   * @param {string} name
   * @param {string} status
   * @param {string} found
   * @param {string} advice
   */
  show(name, status, found, advice) {
    const row = element(`row-${name}`);
    row.dataset.status = status;
    /** @type {[string, string][]} */
    const texts = [
      ['.status', `${say(STATUSES[status])}: `],
      ['.found', found],
      ['.advice', advice],
    ];
    for (const [place, text] of texts) {
      const part = /** @type {HTMLElement} */ (row.querySelector(place));
      if (part.textContent !== text) part.textContent = text;
    }
  }
}

/**
 * @param {Check} check
 * @returns {HTMLElement}
 */
function line({ name, title }) {
  const template = /** @type {HTMLTemplateElement} */ (element('row'));
  const copy = /** @type {HTMLElement} */ (template.content.cloneNode(true)).firstElementChild;
  const made = /** @type {HTMLElement} */ (copy);
  made.id = `row-${name}`;
  /** @type {HTMLElement} */ (made.querySelector('.title')).textContent = say(title);
  return made;
}
