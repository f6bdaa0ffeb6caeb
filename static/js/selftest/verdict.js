/**
 * What all of it comes to, in one sentence.
 *
 * @typedef {'good'|'warning'|'bad'|'skipped'} Status
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {Status} status
 * @property {string} found a code of sentences.js or reasons.js
 * @property {Record<string, string|number|boolean>} data
 */

import { BAD_LOSS } from '../link/quality.js';

/** Below this nearly everybody is dissatisfied (ITU-T G.109: a rating R under 60). */
export const POOR_MOS = 3.1;

/** Past a network that cripples UDP. */
const DETOURS = ['tcp', 'tls', 'ice-tcp'];

/** What is up to the server, and says nothing of the network. */
const OURS = ['busy', 'server_unreachable'];

/**
 * @param {Row[]} rows
 * @returns {string} a code of sentences.js or reasons.js
 */
export function verdict(rows) {
  const named = (/** @type {string} */ name) => rows.find((row) => row.name === name);
  for (const name of ['browser', 'server']) {
    const row = named(name);
    if (row?.status === 'bad') return row.found;
  }
  const network = verdictOnWays(rows);
  if (!network.startsWith('fine')) return network;
  if (named('microphone')?.status === 'bad') return 'microphone';
  return named('loudspeaker')?.status === 'bad' ? 'loudspeaker' : network;
}

/**
 * @param {Row[]} rows
 * @returns {string}
 */
function verdictOnWays(rows) {
  const ways = rows.filter(({ name }) => ['direct', 'udp', ...DETOURS].includes(name));
  const good = ways.filter(({ status }) => status === 'good');
  const direct = good.find(({ name }) => name === 'direct');
  if (direct) return isRelayed(direct) ? 'fine_relay' : 'fine_direct';
  if (good.some(({ name }) => name === 'udp')) return 'fine_relay';
  const untried = ways.find(({ name, found }) => !DETOURS.includes(name) && OURS.includes(found));
  if (untried) return untried.found;
  if (ways.some(isUsed)) return 'poor';
  if (good.length) return 'fine_detour';
  return ways.some(({ status }) => status === 'warning') ? 'poor' : 'network_blocked';
}

/**
 * @param {Row} row of a way that is not good
 * @returns {boolean} whether a call would stay with it all the same: UDP, and not crippled
 */
function isUsed({ name, status, data }) {
  return status === 'warning' && !DETOURS.includes(name) && Number(data.loss) <= 100 * BAD_LOSS;
}

/**
 * @param {Row} row
 * @returns {boolean} whether the bot had to lend its own relay
 */
function isRelayed({ data }) {
  return String(data.pair).includes('relay');
}
