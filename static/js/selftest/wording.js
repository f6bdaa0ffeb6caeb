/**
 * What a line of the report says. `sentence_for` in wire/selftest_sentences.py chooses the same way.
 *
 * @typedef {import('../generated/selftest_sentences.js').Sentences} Sentences
 */

import { reasonFor } from '../call/reasons.js';
import { say } from '../lib/i18n.js';

/**
 * @param {import('./runner.js').Row} row
 * @param {Sentences} sentences those of its check
 * @returns {{found: string, advice: string}} in the person's language; advice is '' if there is none
 */
export function wording({ status, found, data }, sentences) {
  const key = found === 'way_works' && status === 'warning' ? 'way_poor' : found;
  const { sentence, nextStep } = sentences[key] ?? reasonFor(found);
  const values = Object.fromEntries(Object.entries(data).map(([name, value]) => [name, local(value)]));
  const text = say(sentence, values);
  return {
    found: data.families ? `${text} ${data.families}.` : text,
    advice: say(data.isElsewhere ? sentences.net_elsewhere.nextStep : nextStep),
  };
}

/**
 * @param {string|number|boolean} value
 * @returns {string} as the person's language writes it
 */
function local(value) {
  return typeof value === 'number' ? value.toLocaleString(document.documentElement.lang) : String(value);
}
