/** Does the server answer, over a WebSocket and over HTTP? */

import { SERVER, TITLES } from '../../generated/selftest_sentences.js';
import { measureServer } from '../distance.js';
import { browser } from './browser.js';
import { permission } from './microphone.js';

/**
 * Tries a second time: where a fifth of all packets is lost, a connection now and then takes longer to open
 * than anybody waits for it.
 *
 * @template T
 * @param {() => Promise<T|null>} attempt
 * @returns {Promise<T|null>}
 */
const twice = async (attempt) => (await attempt()) ?? attempt();

/** @type {import('../runner.js').Check} */
export const server = {
  name: 'server',
  title: TITLES.server,
  sentences: SERVER,
  needs: [browser],
  after: [permission],

  async run(context) {
    const { ticket, tools } = context;
    const [distance, configuration] = await Promise.all([
      twice(() => measureServer(tools.openSocket(ticket), tools.clock)),
      twice(() =>
        tools.api.ice(ticket).catch((error) => {
          console.warn(error);
          return null;
        }),
      ),
    ]);
    if (!distance || !configuration) return { status: 'bad', found: 'server_unreachable' };
    context.iceServers = configuration.iceServers;
    context.pageAddress = distance.address;
    return { status: 'good', found: 'server_fine', data: { ms: distance.ms } };
  },
};
