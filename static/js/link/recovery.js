/**
 * Decides what to do about a path in trouble, as a reducer: (state, event, now) → {state, actions}.
 * The retry policy is data. Times are milliseconds of one monotonic clock.
 *
 * @typedef {import('./ice.js').IceWay} IceWay
 *
 * @typedef {'notReceiving'|'peerNotReceiving'|'lost'} Trouble no packets reach the page; none reach the
 *   bot; ICE says that the path is gone
 *
 * @typedef {object} Recovery
 * @property {boolean} connecting the first path is not up yet
 * @property {readonly Trouble[]} troubles present ones
 * @property {number} since when the trouble began
 * @property {number} restarts ICE restarts since then
 * @property {number} restartAt when the next restart is due (Infinity: none)
 * @property {number} restartedAt when ICE was last restarted
 * @property {number} alarms troubles answered with a restart, since the last half minute of calm
 * @property {IceWay} way in use, or being tried
 * @property {IceWay} home the way that this call prefers
 * @property {readonly IceWay[]} ways all ways that exist
 * @property {string|null} udpNetwork the network in which UDP worked; '': its address is not known;
 *   null: it has not worked since the network changed
 * @property {number} upgrades attempts to return from TCP to UDP
 * @property {number} upgradeAt when the next one is due (Infinity: none)
 *
 * @typedef {{type: 'path-up'}
 *   | {type: 'path-down'}
 *   | {type: 'exhausted'}
 *   | {type: 'silence'} | {type: 'sound'}
 *   | {type: 'peer-not-receiving'} | {type: 'peer-receiving'}
 *   | {type: 'hint', reason: string}
 *   | {type: 'degraded'}
 *   | {type: 'socket-ready'}
 *   | {type: 'transport', around: IceWay|null, network: string, isNew: boolean}
 *   | {type: 'tick'}} RecoveryEvent
 *
 * @typedef {{type: 'restart-ice', reason: string, way: IceWay}
 *   | {type: 'down', reason: string}
 *   | {type: 'up', ms: number}
 *   | {type: 'remember', way: IceWay}
 *   | {type: 'replace-socket'}
 *   | {type: 'give-up', reason: string}} RecoveryAction
 *
 * @typedef {{recovery: Recovery, actions: RecoveryAction[]}} Step
 */

import { GRACE_MS } from '../generated/shared.js';
import { nth } from '../lib/backoff.js';
import { WITHOUT_UDP } from './ice.js';

export const POLICY = {
  /** A restart that has not brought the path back within this time has failed. */
  attemptMs: 4_000,
  /** A restart is left alone for this long: another one would undo it. */
  settleMs: 1_500,
  /**
   * Each further silence doubles that time, at most so often. A machine that is short of CPU hears
   * silences, and restarts cost CPU.
   */
  maxDoublings: 3,
  /** After this long without a restart, doubling begins anew. */
  calmMs: 30_000,
  /** Additional waits before the first, second, … further restart; the last one repeats. */
  backoffMs: [0, 1_000, 2_000, 4_000, 8_000],
  graceMs: GRACE_MS,
  /** One change of network is announced by several events within this time. */
  spacingMs: 500,
  /** A longer outage was not caused by an upgrade attempt, so attempts before it do not count. */
  longMs: 10_000,
  /** Waits on TCP before UDP is tried again. On a working path nobody hears the attempt. */
  upgradeMs: [5_000, 20_000, 60_000, 180_000],
};

/** @type {Record<Trouble, string>} */
const REASONS = { notReceiving: 'path_silent', peerNotReceiving: 'path_silent', lost: 'path_lost' };

/** After these hints the socket may be on a network that has gone. */
const ELSEWHERE = new Set(['network_changed', 'page_frozen']);

/**
 * @param {readonly IceWay[]} ways
 * @param {IceWay} home
 * @param {number} now
 * @returns {Recovery} the state of a new call
 */
export function begin(ways, home, now) {
  return {
    connecting: true,
    troubles: [],
    since: now,
    restarts: 0,
    restartAt: now + POLICY.attemptMs,
    restartedAt: -Infinity,
    alarms: 0,
    way: home,
    home,
    ways,
    udpNetwork: null,
    upgrades: 0,
    upgradeAt: Infinity,
  };
}

/**
 * @param {Recovery} recovery
 * @param {RecoveryEvent} event
 * @param {number} now
 * @returns {Step}
 */
export function advance(recovery, event, now) {
  switch (event.type) {
    case 'path-up':
      return recovery.connecting ? up(recovery, now) : better(recovery, 'lost', now);
    case 'path-down':
      return worse(recovery, 'lost', now);
    case 'exhausted':
      return exhausted(recovery, now);
    case 'silence':
      return worse(recovery, 'notReceiving', now);
    case 'sound':
      return better(recovery, 'notReceiving', now);
    case 'peer-not-receiving':
      return worse(recovery, 'peerNotReceiving', now);
    case 'peer-receiving':
      return better(recovery, 'peerNotReceiving', now);
    case 'hint':
      return hint(recovery, event.reason, now);
    case 'socket-ready':
      return socketReady(recovery, now);
    case 'degraded':
      return degraded(recovery, now);
    case 'transport':
      return transport(recovery, event, now);
    case 'tick':
      return tick(recovery, now);
  }
}

/**
 * @param {Recovery} recovery
 * @returns {boolean} whether the path is up and nothing is wrong
 */
export function isWell({ connecting, troubles }) {
  return !connecting && !troubles.length;
}

/**
 * @param {Recovery} recovery
 * @returns {Step}
 */
function stay(recovery) {
  return { recovery, actions: [] };
}

/**
 * A trouble begins. The first one is answered with a restart, unless one is at work.
 *
 * @param {Recovery} recovery
 * @param {Trouble} trouble
 * @param {number} now
 * @returns {Step}
 */
function worse(recovery, trouble, now) {
  const { connecting, troubles } = recovery;
  if (connecting || troubles.includes(trouble)) return stay(recovery);
  const next = { ...recovery, troubles: [...troubles, trouble] };
  if (troubles.length) return stay(next);
  const isCalm = now - recovery.restartedAt > POLICY.calmMs;
  const alarms = isCalm ? 0 : recovery.alarms;
  const outage = { ...next, since: now, restarts: 0, alarms };
  const reason = REASONS[trouble];
  const doublings = trouble === 'lost' ? 0 : Math.min(alarms, POLICY.maxDoublings);
  const settled = recovery.restartedAt + POLICY.settleMs * 2 ** doublings;
  const step =
    now < settled
      ? stay({ ...outage, restartAt: settled })
      : restart({ ...outage, alarms: alarms + 1 }, reason, recovery.way, now);
  /** @type {RecoveryAction[]} */
  const actions = [{ type: 'down', reason }, ...step.actions];
  // ICE notices at once that an address has gone. The socket has gone with it.
  if (trouble === 'lost') actions.push({ type: 'replace-socket' });
  return { ...step, actions };
}

/**
 * ICE has no candidate pair left on this way: the next way is due once the restart has settled.
 *
 * @param {Recovery} recovery
 * @param {number} now
 * @returns {Step}
 */
function exhausted(recovery, now) {
  if (!recovery.connecting) return stay(recovery);
  const soon = Math.max(now, recovery.restartedAt + POLICY.settleMs);
  return stay({ ...recovery, restartAt: Math.min(recovery.restartAt, soon) });
}

/**
 * A trouble ends.
 *
 * @param {Recovery} recovery
 * @param {Trouble} trouble
 * @param {number} now
 * @returns {Step}
 */
function better(recovery, trouble, now) {
  const { troubles } = recovery;
  if (!troubles.includes(trouble)) return stay(recovery);
  const next = { ...recovery, troubles: troubles.filter((other) => other !== trouble) };
  return next.troubles.length ? stay(next) : up(next, now);
}

/**
 * The path is up.
 *
 * @param {Recovery} recovery
 * @param {number} now
 * @returns {Step}
 */
function up(recovery, now) {
  const ms = now - recovery.since;
  const upgrades = ms > POLICY.longMs ? 0 : recovery.upgrades;
  return {
    recovery: { ...recovery, connecting: false, troubles: [], restarts: 0, restartAt: Infinity, upgrades },
    actions: [{ type: 'up', ms }],
  };
}

/**
 * Something may have cost the path, or may do so soon. A restart on a healthy path is inaudible.
 *
 * @param {Recovery} recovery
 * @param {string} reason
 * @param {number} now
 * @returns {Step}
 */
function hint(recovery, reason, now) {
  const isElsewhere = ELSEWHERE.has(reason);
  const isSame = isElsewhere && now - recovery.restartedAt < POLICY.spacingMs;
  if (recovery.connecting || isSame) return stay(recovery);
  const udpNetwork = isElsewhere ? null : recovery.udpNetwork;
  const step = restart({ ...recovery, udpNetwork, restarts: 0 }, reason, recovery.home, now);
  if (!isElsewhere) return step;
  return { ...step, actions: [...step.actions, { type: 'replace-socket' }] };
}

/**
 * A socket got through, so media may as well. An earlier restart does not help: in Firefox it has only
 * candidates of the networks that existed then (docs/browsers.md#firefox-gathers-once).
 *
 * @param {Recovery} recovery
 * @param {number} now
 * @returns {Step}
 */
function socketReady(recovery, now) {
  const { connecting, restartedAt, restartAt, home } = recovery;
  if (connecting || isWell(recovery)) return stay(recovery);
  const next = { ...recovery, restarts: 0 };
  const settled = restartedAt + POLICY.settleMs;
  if (now >= settled) return restart(next, 'socket_back', home, now);
  return stay({ ...next, restartAt: Math.min(restartAt, settled) });
}

/**
 * The network cripples UDP: use a way around it, if there is one.
 *
 * @param {Recovery} recovery
 * @param {number} now
 * @returns {Step}
 */
function degraded(recovery, now) {
  const { home, ways } = recovery;
  const way = WITHOUT_UDP.find((other) => ways.includes(other));
  if (recovery.connecting || !way || WITHOUT_UDP.includes(home)) return stay(recovery);
  return leaveUdp(recovery, way, now);
}

/**
 * @param {Recovery} recovery
 * @param {IceWay} way the way to use in this network from now on
 * @param {number} now
 * @returns {Step}
 */
function leaveUdp(recovery, way, now) {
  const step = restart({ ...recovery, home: way, restarts: 0 }, 'udp_crippled', way, now);
  return { ...step, actions: [...step.actions, { type: 'remember', way }] };
}

/**
 * Takes note of the selected pair, and plans the return to UDP if the pair does not use it.
 *
 * @param {Recovery} recovery
 * @param {{around: IceWay|null, network: string, isNew: boolean}} pair around: what it uses instead of
 *   UDP; isNew: it was selected after the last restart
 * @param {number} now
 * @returns {Step}
 */
function transport(recovery, { around, network, isNew }, now) {
  if (!isWell(recovery)) return stay({ ...recovery, upgradeAt: Infinity });
  const { home, ways, way, udpNetwork } = recovery;
  const isTried = isNew && !WITHOUT_UDP.includes(way);
  if (around && isTried && isSameNetwork(udpNetwork, network)) {
    // UDP worked in this network and was tried again, but the call came back on a way around it.
    return home === 'all' && ways.includes(around) ? leaveUdp(recovery, around, now) : stay(recovery);
  }
  const isAway = way !== home || (around && home === 'all');
  const upgrades = around ? recovery.upgrades : 0;
  const udpIn = around ? null : network;
  if (!isAway) return stay({ ...recovery, udpNetwork: udpIn, upgrades, upgradeAt: Infinity });
  if (recovery.upgradeAt !== Infinity) return stay(recovery);
  return stay({ ...recovery, upgradeAt: now + nth(POLICY.upgradeMs, recovery.upgrades) });
}

/**
 * @param {string|null} known
 * @param {string} network
 * @returns {boolean} whether they are the same, or may be: one of them is not known
 */
function isSameNetwork(known, network) {
  return known !== null && (known === network || !known || !network);
}

/**
 * Time has passed: do what is due.
 *
 * @param {Recovery} recovery
 * @param {number} now
 * @returns {Step}
 */
function tick(recovery, now) {
  if (isWell(recovery)) return now >= recovery.upgradeAt ? upgrade(recovery, now) : stay(recovery);
  if (!recovery.connecting && now - recovery.since >= POLICY.graceMs) {
    return { recovery, actions: [{ type: 'give-up', reason: 'call_lost' }] };
  }
  if (now < recovery.restartAt) return stay(recovery);
  const isFirst = !recovery.connecting && !recovery.restarts;
  const way = isFirst ? recovery.home : rungAfter(recovery);
  const alarms = recovery.alarms + (isFirst ? 1 : 0);
  return restart({ ...recovery, alarms }, 'no_way_yet', way, now);
}

/**
 * Tries to return to UDP.
 *
 * @param {Recovery} recovery
 * @param {number} now
 * @returns {Step}
 */
function upgrade(recovery, now) {
  const next = { ...recovery, upgrades: recovery.upgrades + 1, upgradeAt: Infinity };
  const { recovery: after, actions } = restart(next, 'udp_again', recovery.home, now);
  return { recovery: { ...after, restarts: 0 }, actions };
}

/**
 * @param {Recovery} recovery
 * @returns {IceWay} the next rung of the ladder; the first one after the last
 */
function rungAfter({ ways, way }) {
  return ways[(ways.indexOf(way) + 1) % ways.length];
}

/**
 * @param {Recovery} recovery
 * @param {string} reason
 * @param {IceWay} way
 * @param {number} now
 * @returns {Step}
 */
function restart(recovery, reason, way, now) {
  const restarts = recovery.restarts + 1;
  const restartAt = isWell(recovery) ? Infinity : now + POLICY.attemptMs + nth(POLICY.backoffMs, recovery.restarts);
  return {
    recovery: { ...recovery, way, restarts, restartAt, restartedAt: now },
    actions: [{ type: 'restart-ice', reason, way }],
  };
}
