/** Keeps the screen of a stand awake, and shows how many people are talking. */

import { say, speak } from '../lib/i18n.js';
import { ScreenWakeLock } from '../lib/wake_lock.js';

const POLL_MS = 2_000;
/** A screen that runs for a week loads the page again now and then, while nobody is talking. */
const RENEW_MS = 6 * 3600_000;

const line = /** @type {HTMLElement} */ (document.getElementById('state-line'));
const begun = performance.now();
const wakeLock = new ScreenWakeLock(navigator.wakeLock, () => document.visibilityState === 'visible');

speak(JSON.parse(document.getElementById('words')?.textContent ?? '{}'));

/**
 * Says how many people talk to the bot.
 *
 * @param {{live: number, lately: number}} calls now, and today
 * @returns {string}
 */
function told({ live, lately }) {
  if (live > 1) return say('{count} people are talking to it now.', { count: live });
  if (live) return say('Somebody is talking to it now.');
  return lately > 1 ? say('{count} have talked to it today.', { count: lately }) : '';
}

/**
 * @param {string} state
 * @param {string} text
 */
function show(state, text) {
  document.body.dataset.state = state;
  if (line.textContent !== text) line.textContent = text;
}

async function poll() {
  try {
    const signal = AbortSignal.timeout(4 * POLL_MS);
    const response = await fetch(String(document.body.dataset.live), { cache: 'no-store', signal });
    const calls = await response.json();
    show(calls.live ? 'talking' : 'idle', told(calls));
    if (!calls.live && performance.now() - begun > RENEW_MS) location.reload();
  } catch (error) {
    console.info(error);
    show('offline', say('No connection. This screen comes back by itself.'));
  }
  setTimeout(poll, POLL_MS);
}

document.addEventListener('visibilitychange', () => wakeLock.request());
wakeLock.request();
poll();
