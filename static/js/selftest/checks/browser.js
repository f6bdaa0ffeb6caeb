/** Can this browser make calls on this page at all? */

import { BROWSER, TITLES } from '../../generated/selftest_sentences.js';

/** @type {import('../runner.js').Check} */
export const browser = {
  name: 'browser',
  title: TITLES.browser,
  sentences: BROWSER,
  needs: [],
  after: [],

  async run({ tools }) {
    const obstacle = tools.obstacle();
    return obstacle ? { status: 'bad', found: obstacle } : { status: 'good', found: 'browser_fine' };
  },
};
