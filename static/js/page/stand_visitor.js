/** The visitor of a page at a stand, on the screen: the countdown to the next visitor, and signs of life. */

import { clock } from '../lib/clock.js';
import { say } from '../lib/i18n.js';
import { button, element, write } from './dom.js';
import { Visitor } from './visitor.js';

const STAND_ANSWER_MS = 5_000;
const SIGNS_OF_LIFE = ['pointerdown', 'pointermove', 'keydown', 'focusin', 'scroll'];

/** The button that says how long until the screen belongs to the next visitor. */
export class VisitorCountdown {
  constructor() {
    this.button = button('next-visitor');
  }

  /** @param {number|null} seconds left; null: there is no countdown */
  show(seconds) {
    const begins = this.button.hidden;
    this.button.hidden = seconds === null;
    if (seconds === null) {
      write(element('told'), '');
      return;
    }
    element('seconds').textContent = `(${seconds})`;
    // Said once: a screen reader would read the number every second.
    if (begins)
      write(element('told'), say('This screen will be ready for the next visitor in {seconds} seconds.', { seconds }));
  }
}

/**
 * Returns to the stand's screen, with its code to scan, when a visitor has left.
 *
 * @param {string} stand URL of that screen
 * @param {VisitorCountdown} countdown
 * @param {() => void} hangUp
 * @returns {Visitor}
 */
export function awaitVisitors(stand, countdown, hangUp) {
  const visitor = new Visitor(
    {
      onSeconds: (seconds) => countdown.show(seconds),
      onWalkedOff: hangUp,
      isHomeThere: () => isThere(stand),
      goHome: () => location.replace(stand),
    },
    clock,
  );
  for (const sign of SIGNS_OF_LIFE) addEventListener(sign, () => visitor.isThere());
  countdown.button.addEventListener('click', () => visitor.leave());
  return visitor;
}

/**
 * @param {string} url
 * @returns {Promise<boolean>} whether the page there can be loaded now
 */
async function isThere(url) {
  try {
    const signal = AbortSignal.timeout(STAND_ANSWER_MS);
    return (await fetch(url, { cache: 'no-store', signal })).ok;
  } catch (error) {
    console.info('no stand', error);
    return false;
  }
}
