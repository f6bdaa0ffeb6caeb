/** Puts the self-test and its page together. */

import { Api, TICKET_LASTS_MS, socketUrl } from '../link/api.js';
import { obstacle, openMicrophone } from '../call/microphone.js';
import { say, speak } from '../lib/i18n.js';
import { clock } from '../lib/clock.js';
import { Checkup, NAMES } from './checkup.js';
import { Page } from './page.js';
import { chime } from './sound.js';
import { SAMPLE_S } from './trial.js';
import { verdict } from './verdict.js';

const page = new Page();
speak(page.words);
const api = new Api((...request) => fetch(...request), page.source);
/** The first check takes the ticket that came with the page. */
let { ticket } = page;
const openedAt = clock.now();
/** @type {AudioContext|null} */
let audio = null;
let report = '';

async function start() {
  try {
    await check();
  } catch (error) {
    console.error(error);
    page.end('internal');
  }
}

async function check() {
  // Phones give sound only to what begins inside a tap.
  const context = (audio ??= new AudioContext());
  context.resume().catch((error) => console.info(error));
  report = '';
  page.begin();
  page.list(NAMES);
  const rows = await new Checkup(
    freshTicket() || (await api.ticket().catch(() => '')),
    {
      onRunning: (name, second) => page.running(name, second ? progress(second) : ''),
      onRow: (row) => page.done(row),
      onLevel: (level) => page.showLevel(level),
      askHeard: () => askHeard(context),
    },
    {
      api,
      audio: context,
      obstacle: () => obstacle(window),
      openMicrophone: () => openMicrophone(navigator.mediaDevices, navigator.userAgent, clock),
      makePeer: (configuration) => new RTCPeerConnection(configuration),
      openSocket: (url) => new WebSocket(url),
      socketUrl: (ticket) => socketUrl(ticket, location.href),
      play,
      clock,
    },
  ).run();
  ticket = '';
  context.suspend();
  const code = verdict(rows);
  page.end(code);
  await keep({ verdict: code, rows, userAgent: navigator.userAgent.slice(0, 500) });
}

/** @returns {string} '' where another one is needed */
function freshTicket() {
  return clock.now() - openedAt < TICKET_LASTS_MS ? ticket : '';
}

/**
 * @param {MediaStream} stream
 * @returns {() => void}
 */
function play(stream) {
  const sink = new Audio();
  sink.srcObject = stream;
  sink.play().catch((error) => console.info('not played', error));
  return () => {
    sink.srcObject = null;
  };
}

/** @param {object} found */
async function keep(found) {
  report = JSON.stringify(found, null, 1);
  try {
    const { code } = await api.keepCheckup(report);
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
  return say('Listening to it: {second} of {of} s', { second, of: SAMPLE_S });
}

/** Who has not found the buttons by then has put the phone down. */
const ANSWER_MS = 30_000;

/**
 * @param {AudioContext} context
 * @returns {Promise<boolean|null>}
 */
async function askHeard(context) {
  page.question.hidden = false;
  page.heard.focus({ preventScroll: true });
  chime(context);
  page.chime.onclick = () => chime(context);
  const heard = await new Promise((resolve) => {
    page.heard.onclick = () => resolve(true);
    page.unheard.onclick = () => resolve(false);
    clock.setTimeout(() => resolve(null), ANSWER_MS);
  });
  page.question.hidden = true;
  return heard;
}

page.start.addEventListener('click', start);
page.copy.addEventListener('click', () => page.copyReport(report));
page.share.addEventListener('click', () => page.shareReport(report));
page.list(NAMES);

/** For pictures of every state. */
export { page };
