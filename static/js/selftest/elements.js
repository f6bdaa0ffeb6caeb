/** Finds things in the document of the self-test. The template has them all. */

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * @param {string} id
 * @returns {HTMLButtonElement}
 */
export function button(id) {
  return /** @type {HTMLButtonElement} */ (element(id));
}

/**
 * @param {string} name
 * @returns {string}
 */
export function meta(name) {
  return /** @type {HTMLMetaElement} */ (document.querySelector(`meta[name="${name}"]`)).content;
}
