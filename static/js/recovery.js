/**
 * What to do about a path in trouble, as a reducer: (state, event, now) → {state, actions}.
 * The retry policy is data. Times are milliseconds of one monotonic clock.
 *
 * @typedef {object} Recovery
 * @property {number|null} downSince when the present outage began; null while the path is well
 * @property {number} restarts ICE restarts asked for in this outage
 * @property {number} restartAt when the next restart is due (Infinity: none)
 *
 * @typedef {{type: 'path-up'}
 *   | {type: 'path-down', reason: string}
 *   | {type: 'hint', reason: string}
 *   | {type: 'tick'}} RecoveryEvent
 *
 * @typedef {{type: 'restart-ice', reason: string} | {type: 'give-up', reason: string}} RecoveryAction
 */

export const POLICY = {
  /** A restart that has not brought the path back within this time is not going to. */
  attemptMs: 4_000,
  /** Waits before the first, second, … restart of an outage; the last one repeats. */
  backoffMs: [0, 1_000, 2_000, 4_000, 8_000],
  /** The server keeps a call without a path for this long. */
  graceMs: 60_000,
};

/** @type {Recovery} */
export const WELL = { downSince: null, restarts: 0, restartAt: Infinity };

/**
 * @param {Recovery} recovery
 * @param {RecoveryEvent} event
 * @param {number} now
 * @returns {{recovery: Recovery, actions: RecoveryAction[]}}
 */
export function advance(recovery, event, now) {
  switch (event.type) {
    case 'path-up':
      return { recovery: WELL, actions: [] };
    case 'path-down':
      return recovery.downSince === null
        ? restart({ ...recovery, downSince: now }, event.reason, now)
        : { recovery, actions: [] };
    case 'hint':
      // A restart on a healthy path is inaudible, so a hint is reason enough for one.
      return recovery.downSince === null
        ? { recovery, actions: [{ type: 'restart-ice', reason: event.reason }] }
        : restart(recovery, event.reason, now);
    case 'tick':
      return tick(recovery, now);
  }
}

/**
 * @param {Recovery} recovery
 * @param {number} now
 * @returns {{recovery: Recovery, actions: RecoveryAction[]}}
 */
function tick(recovery, now) {
  if (recovery.downSince === null) return { recovery, actions: [] };
  if (now - recovery.downSince >= POLICY.graceMs) {
    return { recovery: WELL, actions: [{ type: 'give-up', reason: 'call_lost' }] };
  }
  return now >= recovery.restartAt
    ? restart(recovery, 'path_lost', now)
    : { recovery, actions: [] };
}

/**
 * @param {Recovery} recovery
 * @param {string} reason
 * @param {number} now
 * @returns {{recovery: Recovery, actions: RecoveryAction[]}}
 */
function restart(recovery, reason, now) {
  const restarts = recovery.restarts + 1;
  const wait = POLICY.backoffMs[Math.min(restarts, POLICY.backoffMs.length - 1)];
  return {
    recovery: { ...recovery, restarts, restartAt: now + POLICY.attemptMs + wait },
    actions: [{ type: 'restart-ice', reason }],
  };
}
