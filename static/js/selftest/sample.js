/**
 * Measures how a connection sounds, from the statistics of ten seconds.
 *
 * @typedef {import('../link/stats.js').Summary} Summary
 *
 * @typedef {object} Quality
 * @property {string} pair candidate types, ours then the bot's
 * @property {number} rttMs the median
 * @property {number} jitterMs the mean
 * @property {number} lossPercent the share of sound that did not come back: it was lost on the way there or
 *   back, or came too late to be played
 * @property {number} mos
 */

import { sleep } from '../lib/clock.js';
import { percentile } from '../lib/percentile.js';
import { summarise } from '../link/stats.js';
import { meanOpinionScore } from './mos.js';

export const SAMPLE_S = 10;
const PACKETS_A_SECOND = 50;

/**
 * @param {RTCPeerConnection} pc connected to a bot that echoes
 * @param {import('../lib/clock.js').Clock} clock
 * @param {(second: number) => void} onSecond 1 for the first
 * @returns {Promise<Quality|null>} null: no packet came back
 */
export async function sample(pc, clock, onSecond) {
  const look = async () => summarise((await pc.getStats()).values(), null);
  /** @type {Summary[]} */
  const summaries = [await look()];
  for (let second = 1; second <= SAMPLE_S; second += 1) {
    onSecond(second);
    await sleep(clock, 1000);
    summaries.push(await look());
  }
  const received = summaries[SAMPLE_S].packetsReceived - summaries[0].packetsReceived;
  return received ? qualityOf(summaries) : null;
}

/**
 * @param {Summary[]} summaries one a second
 * @returns {Quality}
 */
export function qualityOf(summaries) {
  const [first] = summaries;
  const last = summaries[summaries.length - 1];
  const rtts = summaries.flatMap(({ rttMs }) => rttMs ?? []);
  const jitters = summaries.flatMap(({ jitterMs }) => jitterMs ?? []);
  const received = last.packetsReceived - first.packetsReceived;
  const lost = Math.max(0, last.packetsLost - first.packetsLost);
  // Packets that were never answered count as well: what is lost on its way there does not come back.
  const due = Math.max(received + lost, PACKETS_A_SECOND * (summaries.length - 1.5));
  const heard = last.samplesReceived - first.samplesReceived;
  const concealed = heard ? (last.samplesConcealed - first.samplesConcealed) / heard : 0;
  const path = {
    rttMs: rtts.length ? percentile(rtts, 0.5) : 0,
    jitterMs: Math.round(jitters.reduce((a, b) => a + b, 0) / Math.max(1, jitters.length)),
    lossPercent: Math.round(1000 * Math.max(concealed, 1 - received / due)) / 10,
  };
  return { ...path, pair: last.pair, mos: meanOpinionScore(path) };
}
