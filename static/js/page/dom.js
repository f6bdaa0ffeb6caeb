/** Finds elements of the document, and writes to them. */

/**
 * @param {string} id
 * @returns {HTMLElement}
 * @throws {Error} the page has no such element
 */
export function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id} on the page`);
  return found;
}

/**
 * @param {string} id
 * @returns {HTMLButtonElement}
 */
export function button(id) {
  return /** @type {HTMLButtonElement} */ (element(id));
}

/**
 * Writes a text if it has changed. A screen reader would read an unchanged one again.
 *
 * @param {HTMLElement} place
 * @param {string} text
 */
export function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
