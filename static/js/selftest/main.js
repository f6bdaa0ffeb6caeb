/** Puts the self-test and its page together. */

import { Api, TICKET_LASTS_MS, socketTerms } from '../link/api.js';
import { obstacle, openMicrophone } from '../call/microphone.js';
import { say, speak } from '../lib/i18n.js';
import { clock } from '../lib/clock.js';
import { CHECKS } from './checks/index.js';
import { Context } from './context.js';
import { Lines } from './lines.js';
import { Page } from './page.js';
import { play } from './playback.js';
import { askHeard } from './question.js';
import { Runner } from './runner.js';
import { SAMPLE_S } from './sample.js';
import { verdict } from './verdict.js';

const page = new Page();
speak(page.words);
const lines = new Lines(CHECKS);
const api = new Api((...request) => fetch(...request), page.source);
/** The first self-test takes the ticket that came with the page. */
let { ticket } = page;
const openedAt = clock.now();
/** @type {AudioContext|null} */
let audio = null;
let report = '';

async function start() {
  try {
    await selfTest();
  } catch (error) {
    console.error(error);
    page.end('internal');
  }
}

async function selfTest() {
  // Phones play sound only from a context that was resumed inside a tap.
  const context = (audio ??= new AudioContext());
  context.resume().catch((error) => console.info(error));
  report = '';
  page.begin();
  lines.reset();
  const rows = await runChecks(context);
  ticket = '';
  context.suspend();
  const code = verdict(rows);
  page.end(code);
  await keep({ verdict: code, rows, userAgent: navigator.userAgent.slice(0, 500) });
}

/**
 * @param {AudioContext} audio
 * @returns {Promise<import('./runner.js').Row[]>}
 */
async function runChecks(audio) {
  const context = new Context(freshTicket() || (await api.ticket().catch(() => '')), {
    api,
    audio,
    obstacle: () => obstacle(window),
    openMicrophone: () => openMicrophone(navigator.mediaDevices, navigator.userAgent, clock),
    onLevel: (level) => page.showLevel(level),
    askHeard: () => askHeard(page, audio, clock),
    makePeer: (configuration) => new RTCPeerConnection(configuration),
    openSocket: (ticket) => new WebSocket(...socketTerms(ticket, location.href)),
    play,
    clock,
  });
  const runner = new Runner(CHECKS, context, {
    onRunning: (name, second) => lines.running(name, second ? progress(second) : ''),
    onRow: (row) => lines.done(row),
  });
  try {
    return await runner.run();
  } finally {
    context.close();
  }
}

/** @returns {string} '' if it is too old, or used */
function freshTicket() {
  return clock.now() - openedAt < TICKET_LASTS_MS ? ticket : '';
}

/** @param {object} found the report, without its code */
async function keep(found) {
  report = JSON.stringify(found, null, 1);
  try {
    const { code } = await api.keepSelfTest(report);
    report = JSON.stringify({ code, ...found }, null, 1);
    page.showCode(code);
  } catch (error) {
    console.warn(error);
    page.showCode('');
  }
}

/**
 * @param {number} second
 * @returns {string}
 */
function progress(second) {
  return say('Listening: {second} of {of} s', { second, of: SAMPLE_S });
}

page.start.addEventListener('click', start);
page.copy.addEventListener('click', () => page.copyReport(report));
page.share.addEventListener('click', () => page.shareReport(report));

/** The tests show each state of them. */
export { lines, page };
