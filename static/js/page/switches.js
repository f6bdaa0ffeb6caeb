/**
 * The switches in the page's address, which are for demonstrations.
 *
 * @typedef {import('../link/ice.js').IceWay} IceWay
 *
 * @typedef {object} Switches
 * @property {IceWay|null} way `?ice=`: the only way to use; null: any
 * @property {import('../call/attempt.js').Voice|null} voice `?voice=`; null: the server's choice
 * @property {string|null} source `?from=`: the token of the link that the visitor came by
 * @property {boolean} isDebug `?debug`: open the developer panel
 * @property {string[]} slips unknown values, in words for the developer panel
 */

import { VOICES } from '../generated/shared.js';
import { WAYS } from '../link/ice.js';

/**
 * @param {string} search the query of the page's URL
 * @returns {Switches}
 */
export function readSwitches(search) {
  const given = new URLSearchParams(search);
  /** @type {string[]} */
  const slips = [];
  /**
   * @template {string} T
   * @param {string} name
   * @param {readonly T[]} known
   * @param {string} instead
   * @returns {T|null}
   */
  const choose = (name, known, instead) => {
    const value = given.get(name);
    const chosen = known.find((one) => one === value) ?? null;
    if (value && !chosen) slips.push(`?${name}=${value} is unknown: using ${instead}. Known: ${known.join(', ')}.`);
    return chosen;
  };
  return {
    way: choose('ice', WAYS, 'any way'),
    voice: choose('voice', VOICES, 'the server’s voice'),
    source: given.get('from'),
    isDebug: given.has('debug'),
    slips,
  };
}
