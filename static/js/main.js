/** Wires the call page: the controller, the parts of the page, and what happens around it. */

import { CallController } from './call/controller.js';
import { Memory } from './call/memory.js';
import { obstacle, openMicrophone } from './call/microphone.js';
import { verdictLine } from './call/verdict.js';
import { clock } from './lib/clock.js';
import { speak } from './lib/i18n.js';
import { ScreenWakeLock } from './lib/wake_lock.js';
import { Api, socketTerms } from './link/api.js';
import { setAudioSession } from './page/audio_session.js';
import { CallSummary } from './page/call_summary.js';
import { watchLifecycle } from './page/lifecycle.js';
import { hideCall, showCall } from './page/lockscreen.js';
import { readPage } from './page/page_data.js';
import { awaitVisitors } from './page/stand_visitor.js';
import { readSwitches } from './page/switches.js';
import { Ui } from './page/ui.js';

const page = readPage();
speak(page.words);
const switches = readSwitches(location.search);
const ui = new Ui();
const summary = new CallSummary();
const wakeLock = new ScreenWakeLock(navigator.wakeLock, () => document.visibilityState === 'visible');
const visitor = page.stand ? awaitVisitors(page.stand, ui.countdown, () => caller.hangUp()) : null;
/** On the lock screen and on a headset. */
const lockScreenButtons = { hangup: () => caller.hangUp(), togglemicrophone: toggleMute };

const caller = new CallController(
  page.ticket,
  switches,
  {
    onCall: callChanged,
    onMicrophone: (stream) => {
      ui.voices.measure('you', stream);
      lookAtDevices();
    },
    onTrouble: (trouble) => ui.state.showTrouble(trouble),
    onRemote: (stream) => {
      ui.voices.measure('bot', stream);
      ui.remote.play(stream);
    },
    onIce: (state) => ui.developer.addIce(state),
    onCaption: (text) => ui.state.showCaption(text),
    onPlace: (place) => ui.state.showPlace(place),
    onTurn: (ms) => {
      visitor?.isThere();
      ui.developer.addTurn(ms);
    },
    onStats: (stats) => {
      summary.add(stats);
      ui.developer.show(caller.diagnostics());
    },
  },
  {
    api: new Api((...request) => fetch(...request), switches.source),
    memory: new Memory(
      () => sessionStorage,
      () => localStorage,
      clock.now,
    ),
    openMicrophone: () => openMicrophone(navigator.mediaDevices, navigator.userAgent, clock),
    makePeer: (configuration) => new RTCPeerConnection(configuration),
    openSocket: (ticket) => new WebSocket(...socketTerms(ticket, location.href)),
    clock,
  },
);

/** @param {import('./call/call.js').Call} call */
function callChanged(call) {
  const { state } = call;
  summary.moved(state, clock.now());
  ui.show(call);
  visitor?.moved(state);
  if (state === 'ended') ui.state.tell(summary.line(page.language));
  if (state === 'connected') {
    wakeLock.request();
    showCall(navigator.mediaSession, document.title, lockScreenButtons);
  }
  if (state === 'ended' || state === 'failed') {
    ui.voices.stop();
    ui.remote.stop();
    wakeLock.release();
    setAudioSession('auto');
    hideCall(navigator.mediaSession, lockScreenButtons);
  }
}

function talk() {
  // Only `false` is reliable here (docs/browsers.md#online-means-little).
  const inTheWay = obstacle(window) || (navigator.onLine ? '' : 'offline');
  if (inTheWay) {
    caller.happen({ type: 'failure', reason: inTheWay });
    return;
  }
  ui.voices.unlock();
  setAudioSession('play-and-record');
  caller.tap();
}

function toggleMute() {
  ui.showMuted(!ui.state.muted);
  caller.mute(ui.state.muted);
}

async function lookAtDevices() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  caller.devicesChanged(devices);
  ui.outputs.offer(devices);
}

ui.state.talk.addEventListener('click', talk);
ui.state.retry.addEventListener('click', talk);
ui.state.end.addEventListener('click', () => caller.hangUp());
ui.state.mute.addEventListener('click', toggleMute);
ui.state.fresh.addEventListener('click', () => {
  caller.forgetKept();
  talk();
});
ui.developer.restart.addEventListener('click', () => caller.hint('developer'));
navigator.mediaDevices?.addEventListener('devicechange', lookAtDevices);

watchLifecycle(
  window,
  {
    onHint: (reason) => caller.hint(reason),
    onVisibility: (hidden) => {
      caller.visibility(hidden);
      if (!hidden && caller.call.state === 'connected') wakeLock.request();
    },
    onLeave: () => caller.leave(),
    onRestored: () => location.reload(),
  },
  clock,
);

// The service worker only shows a page when there is no network. A call works without it.
navigator.serviceWorker?.register('/worker.js').catch((error) => console.info('no worker', error));

ui.developer.panel.open = switches.isDebug;
ui.developer.showSlips(switches.slips);

const reason = obstacle(window);
if (reason) caller.happen({ type: 'failure', reason });
else ui.show(caller.call);

/** For the console, and for pictures of every state. */
export { caller, ui, verdictLine };
