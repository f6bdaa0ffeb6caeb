/** Puts the page and the caller together. */

import { Api } from './api.js';
import { Caller } from './caller.js';
import { WAYS } from './ice.js';
import { Memory } from './memory.js';
import { Meter } from './meter.js';
import { obstacle, openMicrophone } from './microphone.js';
import { watchSurroundings } from './surroundings.js';
import { Ui } from './ui.js';
import { clock } from './world.js';

/** @typedef {import('./ice.js').IceWay} IceWay */

const switches = new URLSearchParams(location.search);
const ui = new Ui();

/** Between two pictures of the levels: the battery pays for each, and screens ask for up to 120 a second. */
const PICTURE_MS = 40;
let drawnAt = 0;

/** @type {AudioContext|null} */
let audio = null;
/** @type {Partial<Record<'you'|'bot', Meter>>} */
const meters = {};
/** @type {WakeLockSentinel|null} */
let wakeLock = null;

/**
 * @param {'you'|'bot'} who
 * @param {MediaStream} stream
 */
function measure(who, stream) {
  meters[who]?.close();
  if (audio) meters[who] = new Meter(audio, stream);
}

function closeMeters() {
  for (const who of /** @type {const} */ (['you', 'bot'])) {
    meters[who]?.close();
    delete meters[who];
    ui.showLevel(who, 0);
  }
}

/** @param {number} now */
function drawLevels(now) {
  requestAnimationFrame(drawLevels);
  if (now - drawnAt < PICTURE_MS) return;
  drawnAt = now;
  for (const who of /** @type {const} */ (['you', 'bot'])) {
    const meter = meters[who];
    if (meter) ui.showLevel(who, meter.level());
  }
}

async function keepAwake() {
  if (!('wakeLock' in navigator) || document.visibilityState !== 'visible') return;
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

/** @param {import('./call.js').Call} call */
function callChanged(call) {
  ui.show(call);
  if (call.state === 'connected') keepAwake();
  if (call.state === 'ended' || call.state === 'failed') {
    closeMeters();
    ui.stopPlaying();
    letSleep();
  }
}

/** @returns {IceWay|null} */
function wayAskedFor() {
  return WAYS.find((way) => way === switches.get('ice')) ?? null;
}

/** @param {string} ticket */
function socketUrl(ticket) {
  const url = new URL('/ws/call/', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  url.searchParams.set('ticket', ticket);
  return url.href;
}

const caller = new Caller(
  ui.ticket,
  { way: wayAskedFor(), voice: switches.get('voice') },
  {
    onCall: callChanged,
    onMicrophone: (stream) => measure('you', stream),
    onRemote: (stream) => {
      measure('bot', stream);
      ui.play(stream);
    },
    onIce: (state) => ui.addIce(state),
    onTurn: (ms) => ui.addTurn(ms),
    onRoundTrip: (ms) => ui.developerLine('heartbeat', `${ms} ms`),
    onStats: showStats,
  },
  {
    api: new Api((...request) => fetch(...request)),
    memory: new Memory(() => sessionStorage, () => localStorage, clock.now),
    openMicrophone: () => openMicrophone(navigator.mediaDevices, navigator.userAgent, clock),
    makePeer: (configuration) => new RTCPeerConnection(configuration),
    openSocket: (url) => new WebSocket(url),
    socketUrl,
    clock,
  },
);

function talk() {
  const inTheWay = obstacle(window);
  if (inTheWay) {
    caller.happen({ type: 'failure', reason: inTheWay });
    return;
  }
  // Phones give sound only to what begins inside a tap.
  audio ??= new AudioContext();
  audio.resume();
  caller.tap();
}

/** @param {import('./stats.js').Summary} summary */
function showStats(summary) {
  ui.showStats(summary);
  ui.developerLine('restarts', String(caller.keeper?.restarts ?? 0));
  ui.developerLine('way', caller.keeper?.peer.way ?? '–');
  ui.developerLine('call', caller.signal?.ready?.callId ?? '–');
}

ui.talk.addEventListener('click', talk);
ui.retry.addEventListener('click', talk);
ui.endButton.addEventListener('click', () => caller.hangUp());
ui.muteButton.addEventListener('click', () => {
  ui.showMuted(!ui.muted);
  caller.mute(ui.muted);
});
ui.restart.addEventListener('click', () => caller.hint('developer'));
ui.fresh.addEventListener('click', () => {
  caller.forgetKept();
  talk();
});
ui.unlock.addEventListener('click', () => ui.unlockAudio());
ui.copyLink.addEventListener('click', () => ui.copyPageLink());

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

ui.developer.open = switches.has('debug');
requestAnimationFrame(drawLevels);

const reason = obstacle(window);
if (reason) caller.happen({ type: 'failure', reason });
else ui.show(caller.call);
