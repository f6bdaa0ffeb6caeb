/**
 * Sums up all lines of the report in one sentence.
 *
 * @typedef {import('./runner.js').Row} Row
 */

import { BAD_LOSS } from '../link/quality.js';

/** Below this score nearly all users are dissatisfied (ITU-T G.109: a rating R under 60). */
export const POOR_MOS = 3.1;

/** The ways around a network that cripples UDP. */
const DETOURS = ['tcp', 'tls', 'ice-tcp'];

/** Findings that are about the server: they say nothing about the network. */
const ABOUT_SERVER = ['busy', 'network_busy', 'server_unreachable'];

/**
 * @param {Row[]} rows
 * @returns {string} a code of VERDICTS or reasons.js
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
  const untried = ways.find(({ name, found }) => !DETOURS.includes(name) && ABOUT_SERVER.includes(found));
  if (untried) return untried.found;
  if (ways.some(isUsed)) return 'poor';
  if (good.length) return 'fine_detour';
  return ways.some(({ status }) => status === 'warning') ? 'poor' : 'network_blocked';
}

/**
 * @param {Row} row a way that is not good
 * @returns {boolean} whether a call would stay on it all the same: it is UDP, and not crippled
 */
function isUsed({ name, status, data }) {
  return status === 'warning' && !DETOURS.includes(name) && Number(data.loss) <= 100 * BAD_LOSS;
}

/**
 * @param {Row} row
 * @returns {boolean} whether the bot's own relay carried it
 */
function isRelayed({ data }) {
  return String(data.pair).includes('relay');
}
