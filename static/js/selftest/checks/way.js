/** Does a call connect over one way alone, and how does it sound? */

import { TITLES, WAY } from '../../generated/selftest_sentences.js';
import { isRelay, rungs } from '../../link/ice.js';
import { Trial } from '../trial.js';
import { POOR_MOS } from '../verdict.js';
import { network } from './network.js';
import { server } from './server.js';

/**
 * @param {import('../../link/ice.js').IceWay} way
 * @returns {import('../runner.js').Check}
 */
export function wayCheck(way) {
  return {
    name: way,
    title: TITLES[way],
    sentences: WAY,
    needs: [server],
    after: [network],

    async run(context, onSecond) {
      const { iceServers, tools } = context;
      if (isRelay(way) && !rungs(iceServers).includes(way)) return { status: 'skipped', found: 'way_unset' };
      const ticket = await tools.api.ticket().catch((error) => {
        console.warn(error);
        return '';
      });
      if (!ticket) return { status: 'bad', found: 'server_unreachable' };
      const trial = new Trial(way, iceServers, context.silentStream(), tools);
      return result(await trial.run(ticket, onSecond));
    },
  };
}

/**
 * @param {import('../trial.js').Outcome} outcome
 * @returns {import('../runner.js').Result}
 */
function result({ found, quality }) {
  if (!quality) return { status: 'bad', found };
  const { rttMs: rtt, lossPercent: loss, ...rest } = quality;
  return { status: quality.mos < POOR_MOS ? 'warning' : 'good', found, data: { rtt, loss, ...rest } };
}
