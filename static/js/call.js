/**
 * The call's life as a reducer: (state, event) → {state, effects}. Touches nothing itself.
 *
 * @typedef {'idle'|'asking-mic'|'connecting'|'connected'|'recovering'|'ended'|'failed'} CallState
 *
 * @typedef {object} Call
 * @property {CallState} state
 * @property {string} reason stable code when recovering, ended or failed; else empty
 *
 * @typedef {{type: 'tap'}
 *   | {type: 'microphone-ready'}
 *   | {type: 'path-up'}
 *   | {type: 'path-down', reason: string}
 *   | {type: 'too-slow', reason: string}
 *   | {type: 'hang-up'}
 *   | {type: 'bye', reason: string}
 *   | {type: 'failure', reason: string}} CallEvent
 *
 * @typedef {'ask-microphone'|'connect'|'say-bye'|'release'} Effect
 */

/** A call that is not up after this long says why instead. */
export const CONNECT_MS = 15_000;

/** @type {Call} */
export const IDLE = { state: 'idle', reason: '' };

/** Ways in which the server ends a call that are not failures. */
const FRIENDLY_BYES = new Set(['ended', 'time_limit', 'hangup']);

/**
 * @param {CallState} state
 * @returns {boolean} whether there is a call, or one coming
 */
export function isLive(state) {
  return ['asking-mic', 'connecting', 'connected', 'recovering'].includes(state);
}

/**
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
    case 'path-up':
      return state === 'connecting' || state === 'recovering' ? move('connected') : stay(call);
    case 'path-down':
      return state === 'connected' ? move('recovering', event.reason) : stay(call);
    case 'too-slow':
      return state === 'connecting' ? end('failed', event.reason, ['say-bye']) : stay(call);
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
 * @param {Call} call
 * @returns {{call: Call, effects: Effect[]}}
 */
function stay(call) {
  return { call, effects: [] };
}

/**
 * @param {CallState} state
 * @param {string} [reason]
 * @param {Effect[]} [effects]
 * @returns {{call: Call, effects: Effect[]}}
 */
function move(state, reason = '', effects = []) {
  return { call: { state, reason }, effects };
}

/**
 * @param {'ended'|'failed'} state
 * @param {string} reason
 * @param {Effect[]} [farewell]
 * @returns {{call: Call, effects: Effect[]}}
 */
function end(state, reason, farewell = []) {
  return move(state, reason, [...farewell, 'release']);
}
