/**
 * The states of a call, as a reducer: (state, event) → {state, effects}. The effects are carried out by
 * controller.js.
 *
 * @typedef {'idle'|'asking-mic'|'waiting'|'connecting'|'connected'|'recovering'|'ended'|'failed'} CallState
 *
 * @typedef {object} Call
 * @property {CallState} state
 * @property {string} reason code of reasons.js when recovering, ended or failed; `rejoin` when idle with a
 *   call to go back to; otherwise ''
 * @property {boolean} renewed whether the one automatic new call has been made
 *
 * @typedef {{type: 'tap'}
 *   | {type: 'microphone-ready'}
 *   | {type: 'waiting'}
 *   | {type: 'enter'}
 *   | {type: 'path-up'}
 *   | {type: 'path-down', reason: string}
 *   | {type: 'too-slow', reason: string}
 *   | {type: 'lost', reason: string}
 *   | {type: 'kept'}
 *   | {type: 'not-kept'}
 *   | {type: 'hang-up'}
 *   | {type: 'bye', reason: string}
 *   | {type: 'failure', reason: string}} CallEvent
 *
 * @typedef {'ask-microphone'|'connect'|'call-again'|'say-bye'|'release'} Effect
 */

/** A call that does not connect within this time fails with a reason. */
export const CONNECT_MS = 15_000;

/** @type {Call} */
export const IDLE = { state: 'idle', reason: '', renewed: false };

/** Reasons for which the server ends a call that are not failures. */
const FRIENDLY_BYES = new Set(['ended', 'time_limit', 'hangup']);

/**
 * @param {CallState} state
 * @returns {boolean} whether there is a call, or one is being made
 */
export function isLive(state) {
  return ['asking-mic', 'waiting', 'connecting', 'connected', 'recovering'].includes(state);
}

/**
 * @param {Call} call
 * @returns {boolean} whether a call is connecting for the first time, or waits for a line
 */
export function isComingUp({ state, reason }) {
  return state === 'connecting' || state === 'waiting' || (state === 'recovering' && reason === 'new_call');
}

/**
 * Returns what an event makes of a call.
 *
 * @param {Call} call
 * @param {CallEvent} event
 * @returns {{call: Call, effects: Effect[]}}
 */
export function advance(call, event) {
  const { state } = call;
  switch (event.type) {
    case 'tap':
      return isLive(state) ? stay(call) : move('asking-mic', '', ['ask-microphone']);
    case 'microphone-ready':
      return state === 'asking-mic' ? move('connecting', '', ['connect']) : stay(call);
    case 'waiting':
      return isComingUp(call) ? on(call, 'waiting') : stay(call);
    case 'enter':
      return state === 'waiting' ? { ...on(call, 'connecting'), effects: ['connect'] } : stay(call);
    case 'path-up':
      return isComingUp(call) || state === 'recovering' ? on(call, 'connected') : stay(call);
    case 'path-down':
      return state === 'connected' ? on(call, 'recovering', event.reason) : stay(call);
    case 'too-slow':
      return isComingUp(call) ? end('failed', event.reason, ['say-bye']) : stay(call);
    case 'lost':
      return lost(call, event.reason);
    case 'kept':
      return state === 'idle' ? move('idle', 'rejoin') : stay(call);
    case 'not-kept':
      return state === 'idle' ? move('idle') : stay(call);
    case 'hang-up':
      return isLive(state) ? end('ended', 'hangup', ['say-bye']) : stay(call);
    case 'bye':
      if (!isLive(state)) return stay(call);
      return end(FRIENDLY_BYES.has(event.reason) ? 'ended' : 'failed', event.reason);
    case 'failure':
      return isLive(state) || state === 'idle' ? end('failed', event.reason) : stay(call);
  }
}

/**
 * This call cannot be saved. If it was up, another one is made once, and the person need not do anything.
 *
 * @param {Call} call
 * @param {string} reason
 * @returns {{call: Call, effects: Effect[]}}
 */
function lost(call, reason) {
  const wasUp = call.state === 'connected' || call.state === 'recovering';
  if (!wasUp || call.renewed) return isLive(call.state) ? end('failed', reason, ['say-bye']) : stay(call);
  return {
    call: { state: 'recovering', reason: 'new_call', renewed: true },
    effects: ['call-again'],
  };
}

/**
 * Changes the state of a call that goes on.
 *
 * @param {Call} call
 * @param {CallState} state
 * @param {string} [reason]
 * @returns {{call: Call, effects: Effect[]}}
 */
function on(call, state, reason = '') {
  return { call: { ...call, state, reason }, effects: [] };
}

/**
 * Ignores an event.
 *
 * @param {Call} call
 * @returns {{call: Call, effects: Effect[]}}
 */
function stay(call) {
  return { call, effects: [] };
}

/**
 * Begins a state of a new call.
 *
 * @param {CallState} state
 * @param {string} [reason]
 * @param {Effect[]} [effects]
 * @returns {{call: Call, effects: Effect[]}}
 */
function move(state, reason = '', effects = []) {
  return { call: { state, reason, renewed: false }, effects };
}

/**
 * Ends the call.
 *
 * @param {'ended'|'failed'} state
 * @param {string} reason
 * @param {Effect[]} [farewell]
 * @returns {{call: Call, effects: Effect[]}}
 */
function end(state, reason, farewell = []) {
  return move(state, reason, [...farewell, 'release']);
}
