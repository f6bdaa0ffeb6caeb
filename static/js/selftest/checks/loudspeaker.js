/** Does the person hear us? Only they can say. */

import { LOUDSPEAKER, TITLES } from '../../generated/selftest_sentences.js';
import { browser } from './browser.js';
import { microphone } from './microphone.js';

/** @type {import('../runner.js').Check} */
export const loudspeaker = {
  name: 'loudspeaker',
  title: TITLES.loudspeaker,
  sentences: LOUDSPEAKER,
  needs: [browser],
  // The microphone would hear the notes.
  after: [microphone],

  async run({ tools }) {
    const heard = await tools.askHeard();
    if (heard === null) return { status: 'skipped', found: 'speaker_unanswered' };
    return heard ? { status: 'good', found: 'speaker_heard' } : { status: 'bad', found: 'speaker_unheard' };
  },
};
