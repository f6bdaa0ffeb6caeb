/** What the page says, in the person's language. In the code it is English, which is also the key. */

/** @type {Record<string, string>} */
let catalog = {};

/** @param {Record<string, string>} words by their English; none for English */
export function speak(words) {
  catalog = words;
}

/**
 * @param {string} english
 * @param {Record<string, string|number>} [values] for what stands in braces
 * @returns {string}
 */
export function say(english, values = {}) {
  const told = catalog[english] ?? english;
  return told.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
