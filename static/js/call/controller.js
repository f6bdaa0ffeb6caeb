/**
 * Makes calls and ends them: carries out what the reducer in call.js decides. Every call is an attempt
 * of its own; the first one is prepared with the page, so that a tap finds its socket open.
 *
 * @typedef {import('./call.js').Call} Call
 *
 * @typedef {import('./attempt.js').AttemptSink & {onCall: (call: Call) => void}} CallSink
 *   onCall: the state changed
 *
 * @typedef {object} CallDiagnostics for the developer panel
 * @property {string} callId '' if there is none
 * @property {import('../link/supervisor.js').LinkDiagnostics|null} link null: there is none
 */

import { Timeline } from '../link/timeline.js';
import { CallAttempt } from './attempt.js';
import { IDLE, advance, isLive } from './call.js';

export class CallController {
  /** @type {Call} */
  call = IDLE;
  /** @type {CallAttempt|null} null after a call, until the next tap */
  attempt = null;

  /**
   * @param {string} ticket the ticket in the page
   * @param {import('./attempt.js').Wishes} wishes
   * @param {CallSink} sink
   * @param {import('./attempt.js').Tools} tools
   */
  constructor(ticket, wishes, sink, tools) {
    this.wishes = wishes;
    this.sink = sink;
    this.tools = tools;
    this.timeline = new Timeline((message) => this.attempt?.send(message), tools.clock);
    const kept = tools.memory.keptCall();
    this.attempt = this.prepare(kept);
    this.attempt.useTicket(ticket);
    if (kept) this.happen({ type: 'kept' });
  }

  /**
   * @param {import('./memory.js').Kept|null} kept
   * @returns {CallAttempt}
   */
  prepare(kept) {
    const owner = {
      call: () => this.call,
      happen: (/** @type {import('./call.js').CallEvent} */ event) => this.happen(event),
      note: (/** @type {string} */ kind, /** @type {import('../link/timeline.js').Detail|undefined} */ detail) =>
        this.timeline.add(kind, detail),
      onPong: (/** @type {{at: number, now: number}} */ pong) => this.timeline.compare(pong),
    };
    return new CallAttempt(kept, this.wishes, owner, this.sink, this.tools);
  }

  tap() {
    this.happen({ type: 'tap' });
  }

  /** The person does not want the kept call back. */
  forgetKept() {
    if (!this.attempt?.admission.kept) return;
    this.attempt.send({ type: 'bye', reason: 'hangup' });
    this.attempt.forgetKept();
  }

  hangUp() {
    this.happen({ type: 'hang-up' });
  }

  /** @param {boolean} muted */
  mute(muted) {
    const { capture } = this.attempt ?? {};
    if (capture) capture.track.enabled = !muted;
    this.timeline.add('mute', { muted });
  }

  /** @param {string} reason why the path may be gone, or about to go */
  hint(reason) {
    this.attempt?.link.supervisor?.hint(reason);
  }

  /** @param {boolean} hidden whether the page is in the background, where a phone may freeze it */
  visibility(hidden) {
    if (this.attempt?.link.supervisor) this.attempt.send({ type: 'visibility', hidden });
    if (!hidden) this.attempt?.capture?.returned();
  }

  /** @param {MediaDeviceInfo[]} devices all that are present now */
  devicesChanged(devices) {
    this.attempt?.capture?.devicesChanged(devices);
  }

  /** The page is being closed or reloaded. Tells the server while there is time. */
  leave() {
    this.settleUp();
    const { ready } = this.attempt?.signal ?? {};
    const up = this.call.state === 'connected' || this.call.state === 'recovering';
    if (up && ready) this.tools.memory.keepCall(ready.callId, ready.token);
    if (isLive(this.call.state)) this.attempt?.send({ type: 'bye', reason: 'page_closed' });
    this.release();
  }

  /** @returns {CallDiagnostics} */
  diagnostics() {
    const { signal, link } = this.attempt ?? {};
    return { callId: signal?.ready?.callId ?? '', link: link?.supervisor?.diagnostics() ?? null };
  }

  /** @param {import('./call.js').CallEvent} event */
  happen(event) {
    const before = this.call;
    const { call, effects } = advance(before, event);
    this.call = call;
    if (call !== before) {
      this.timeline.add('state', { state: call.state, reason: call.reason });
      this.sink.onCall(call);
    }
    for (const effect of effects) this.carryOut(effect);
  }

  /** @param {import('./call.js').Effect} effect */
  carryOut(effect) {
    switch (effect) {
      case 'ask-microphone':
        this.attempt ??= this.prepare(null);
        this.run((attempt) => attempt.askMicrophone());
        break;
      case 'connect':
        this.run((attempt) => attempt.connect());
        break;
      case 'call-again':
        this.run((attempt) => attempt.callAgain());
        break;
      case 'say-bye':
        this.settleUp();
        this.attempt?.send({ type: 'bye', reason: this.call.reason });
        break;
      case 'release':
        this.timeline.flush();
        this.tools.memory.forgetCall();
        this.release();
        break;
    }
  }

  /** @param {(attempt: CallAttempt) => Promise<void>} work */
  run(work) {
    const { attempt } = this;
    attempt?.guarded(() => work(attempt));
  }

  /** Sends what the server must know before the socket is closed. */
  settleUp() {
    this.timeline.flush();
    this.attempt?.link.supervisor?.settleUp();
  }

  release() {
    this.attempt?.dispose();
    this.attempt = null;
  }
}
