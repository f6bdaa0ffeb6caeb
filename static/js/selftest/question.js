/** Plays two notes and asks whether the person heard them. */

import { chime } from './playback.js';

/** Somebody who has not found the buttons by then has put the phone down. */
const ANSWER_MS = 30_000;

/**
 * @param {import('./page.js').Page} page
 * @param {AudioContext} audio
 * @param {import('../lib/clock.js').Clock} clock
 * @returns {Promise<boolean|null>} null: no answer
 */
export async function askHeard(page, audio, clock) {
  page.question.hidden = false;
  page.heard.focus({ preventScroll: true });
  chime(audio);
  page.chime.onclick = () => chime(audio);
  const heard = await new Promise((resolve) => {
    page.heard.onclick = () => resolve(true);
    page.unheard.onclick = () => resolve(false);
    clock.setTimeout(() => resolve(null), ANSWER_MS);
  });
  page.question.hidden = true;
  return heard;
}
