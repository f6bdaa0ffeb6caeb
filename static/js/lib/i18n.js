/** Translates what the page says. The English text in the code is the key. */

/** @type {Record<string, string>} */
let catalog = {};

/** @param {Record<string, string>} words translations by their English text; empty for English */
export function speak(words) {
  catalog = words;
}

/**
 * Translates a text and fills in its values.
 *
 * @param {string} english
 * @param {Record<string, string|number>} [values] the values to insert, by their names in braces
 * @returns {string} the English text if there is no translation
 */
export function say(english, values = {}) {
  const told = catalog[english] ?? english;
  return told.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
