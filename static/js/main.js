/** Puts the page and the caller together. */

import { Api, socketUrl } from './link/api.js';
import { Caller } from './call/controller.js';
import { WAYS } from './link/ice.js';
import { hideCall, showCall } from './page/lockscreen.js';
import { Memory } from './call/memory.js';
import { Meter } from './page/meter.js';
import { obstacle, openMicrophone } from './call/microphone.js';
import { outputsOf } from './page/outputs.js';
import { watchSurroundings } from './page/lifecycle.js';
import { Ui } from './page/ui.js';
import { CallQuality, verdictLine } from './call/verdict.js';
import { Visitor } from './page/visitor.js';
import { speak } from './lib/i18n.js';
import { clock } from './lib/clock.js';

/** @typedef {import('./link/ice.js').IceWay} IceWay */

const switches = new URLSearchParams(location.search);
const ui = new Ui();
speak(ui.words);

/** @type {AudioContext|null} */
let audio = null;
/** @type {Partial<Record<'you'|'bot', Meter>>} */
let meters = {};
/** @type {number|null} */
let nextPicture = null;
let quality = new CallQuality();
/** @type {WakeLockSentinel|null} */
let wakeLock = null;
/** Of `?voice=`; any other is a slip, and the bot's own. */
const VOICES = ['echo', 'parrot', 'tone', 'speech', 'bot'];
const STAND_ANSWER_MS = 5_000;

/**
 * @param {'you'|'bot'} who
 * @param {MediaStream} stream
 */
function measure(who, stream) {
  meters[who]?.close();
  if (!audio) return;
  meters[who] = new Meter(audio, stream);
  nextPicture ??= requestAnimationFrame(drawVoices);
}

function closeMeters() {
  meters.you?.close();
  meters.bot?.close();
  meters = {};
}

/** @param {number} now */
function drawVoices(now) {
  const isOver = !ui.showVoices(now, meters) && !meters.you && !meters.bot;
  nextPicture = isOver ? null : requestAnimationFrame(drawVoices);
}

async function keepAwake() {
  if (!('wakeLock' in navigator) || document.visibilityState !== 'visible') return;
  if (wakeLock && !wakeLock.released) return;
  try {
    wakeLock = await navigator.wakeLock.request('screen');
  } catch (error) {
    console.info('no wake lock', error); // low-power mode refuses; the call goes on
  }
}

async function letSleep() {
  const lock = wakeLock;
  wakeLock = null;
  await lock?.release();
}

/**
 * On a screen at a stand, which goes back to the code that the next visitor may scan.
 *
 * @param {string} stand URL of that
 * @returns {Visitor}
 */
function awaitVisitors(stand) {
  const visitor = new Visitor(
    {
      onSeconds: (seconds) => ui.showVisitor(seconds),
      onWalkedOff: () => caller.hangUp(),
      isHomeThere: () =>
        fetch(stand, { cache: 'no-store', signal: AbortSignal.timeout(STAND_ANSWER_MS) }).then(
          ({ ok }) => ok,
          (error) => Boolean(console.info('no stand', error)),
        ),
      goHome: () => location.replace(stand),
    },
    clock,
  );
  for (const sign of ['pointerdown', 'pointermove', 'keydown', 'focusin', 'scroll']) {
    addEventListener(sign, () => visitor.isThere());
  }
  ui.nextVisitor.addEventListener('click', () => visitor.leave());
  return visitor;
}

/** @param {import('./call/call.js').Call} call */
function callChanged(call) {
  if (call.state === 'asking-mic') quality = new CallQuality();
  quality.moved(call.state, clock.now());
  ui.show(call);
  visitor?.moved(call.state);
  if (call.state === 'ended') ui.sum(howItWent());
  if (call.state === 'connected') {
    keepAwake();
    showCall(navigator.mediaSession, document.title, BUTTONS);
  }
  if (call.state === 'ended' || call.state === 'failed') {
    closeMeters();
    ui.stopPlaying();
    letSleep();
    setAudioSession('auto');
    hideCall(navigator.mediaSession, BUTTONS);
  }
}

/** On the lock screen, and on a headset. */
const BUTTONS = { hangup: () => caller.hangUp(), togglemicrophone: toggleMute };

function toggleMute() {
  ui.showMuted(!ui.muted);
  caller.mute(ui.muted);
}

/**
 * Safari: the loudspeaker, and no other app's music, from the first word to the last.
 *
 * @param {string} type
 */
function setAudioSession(type) {
  const { audioSession } = /** @type {{audioSession?: {type: string}}} */ (navigator);
  if (audioSession) audioSession.type = type;
}

async function lookAtDevices() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  caller.capture?.devicesChanged(devices);
  ui.offerOutputs(outputsOf(devices));
}

/** @returns {string} in one line; '' where there was too little of it to say */
function howItWent() {
  const { connection } = /** @type {{connection?: {type?: string}}} */ (navigator);
  const verdict = quality.verdict();
  return verdict ? verdictLine(verdict, connection?.type, ui.language) : '';
}

/** @returns {IceWay|null} */
function wayAskedFor() {
  return WAYS.find((way) => way === switches.get('ice')) ?? null;
}

const visitor = ui.stand ? awaitVisitors(ui.stand) : null;

const caller = new Caller(
  ui.ticket,
  { way: wayAskedFor(), voice: VOICES.find((voice) => voice === switches.get('voice')) ?? null },
  {
    onCall: callChanged,
    onMicrophone: (stream) => {
      measure('you', stream);
      lookAtDevices();
    },
    onTrouble: (trouble) => ui.showTrouble(trouble),
    onRemote: (stream) => {
      measure('bot', stream);
      ui.play(stream);
    },
    onIce: (state) => ui.addIce(state),
    onCaption: (text) => ui.showCaption(text),
    onTurn: (ms) => {
      visitor?.isThere();
      ui.addTurn(ms);
    },
    onRoundTrip: (ms) => ui.developerLine('heartbeat', `${ms} ms`),
    onStats: showStats,
  },
  {
    api: new Api((...request) => fetch(...request), switches.get('from')),
    memory: new Memory(() => sessionStorage, () => localStorage, clock.now),
    openMicrophone: () => openMicrophone(navigator.mediaDevices, navigator.userAgent, clock),
    makePeer: (configuration) => new RTCPeerConnection(configuration),
    openSocket: (url) => new WebSocket(url),
    socketUrl,
    clock,
  },
);

function talk() {
  // Only this answer of the browser's can be relied on; `true` means some network.
  const inTheWay = obstacle(window) || (navigator.onLine ? '' : 'offline');
  if (inTheWay) {
    caller.happen({ type: 'failure', reason: inTheWay });
    return;
  }
  // Phones give sound only to what begins inside a tap.
  audio ??= new AudioContext();
  audio.resume();
  setAudioSession('play-and-record');
  caller.tap();
}

/** @param {import('./link/stats.js').Summary} summary */
function showStats(summary) {
  quality.add(summary);
  ui.showStats(summary);
  ui.developerLine('restarts', String(caller.keeper?.restarts ?? 0));
  ui.developerLine('way', caller.keeper?.peer.way ?? '–');
  ui.developerLine('call', caller.signal?.ready?.callId ?? '–');
}

ui.talk.addEventListener('click', talk);
ui.retry.addEventListener('click', talk);
ui.endButton.addEventListener('click', () => caller.hangUp());
ui.muteButton.addEventListener('click', toggleMute);
ui.output.addEventListener('change', () => ui.useOutput());
navigator.mediaDevices?.addEventListener('devicechange', lookAtDevices);
ui.restart.addEventListener('click', () => caller.hint('developer'));
ui.fresh.addEventListener('click', () => {
  caller.forgetKept();
  talk();
});
ui.unlock.addEventListener('click', () => ui.unlockAudio());
ui.copyLink.addEventListener('click', () =>
  ui.copyPageLink('Link copied. Paste it into Safari or Chrome.'),
);
ui.share.addEventListener('click', () => ui.sharePage());

watchSurroundings(
  window,
  {
    onHint: (reason) => caller.hint(reason),
    onVisibility: (hidden) => {
      caller.visibility(hidden);
      if (!hidden && caller.call.state === 'connected') keepAwake();
    },
    onLeave: () => caller.leave(),
    onRestored: () => location.reload(),
  },
  clock,
);

// For the page that is shown without a network; a call needs none of it.
navigator.serviceWorker?.register('/worker.js').catch((error) => console.info('no worker', error));

ui.developer.open = switches.has('debug');

const reason = obstacle(window);
if (reason) caller.happen({ type: 'failure', reason });
else ui.show(caller.call);

/** For the console, and for pictures of every state. */
export { caller, ui, verdictLine };
