/**
 * What the server has written into the page.
 *
 * @typedef {object} PageData
 * @property {string} ticket for the first call
 * @property {string|undefined} stand URL of the stand whose screen this is
 * @property {string} language
 * @property {Record<string, string>} words translations by their English text
 */

import { element } from './dom.js';

/** @returns {PageData} */
export function readPage() {
  const meta = /** @type {HTMLMetaElement} */ (document.querySelector('meta[name=ticket]'));
  return {
    ticket: meta.content,
    stand: document.body.dataset.stand,
    language: document.documentElement.lang,
    words: JSON.parse(element('words').textContent ?? '{}'),
  };
}
