/** Finds out the kind of NAT, and which versions of IP reach the internet. */

import { NETWORK, TITLES } from '../../generated/selftest_sentences.js';
import { configurationFor } from '../../link/ice.js';
import { gather } from '../gather.js';
import { describeNetwork } from '../nat.js';
import { server } from './server.js';

/** @type {import('../runner.js').Check} */
export const network = {
  name: 'network',
  title: TITLES.network,
  sentences: NETWORK,
  needs: [server],
  after: [],

  async run({ iceServers, pageAddress, tools }) {
    const pc = tools.makePeer(configurationFor(iceServers, 'direct'));
    const { nat, ipv4, ipv6, isElsewhere } = describeNetwork(await gather(pc, tools.clock), pageAddress);
    const families = [ipv4 && 'IPv4', ipv6 && 'IPv6'].filter(Boolean).join(' + ');
    const isOdd = nat === 'unknown' || nat === 'hidden' || isElsewhere;
    return { status: isOdd ? 'warning' : 'good', found: `net_${nat}`, data: { families, isElsewhere } };
  },

  /** A public address does not help where a firewall lets no UDP through. */
  revise(rows) {
    const own = rows.get('network');
    if (own?.found !== 'net_open' || rows.get('direct')?.found !== 'way_blocked') return null;
    return { status: 'warning', found: 'net_unknown', data: own.data };
  },
};
