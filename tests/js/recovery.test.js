import assert from 'node:assert/strict';
import test from 'node:test';

import { POLICY, advance, begin, isWell } from '../../static/js/link/recovery.js';

const WAYS = ['all', 'udp', 'tcp', 'tls', 'ice-tcp'];

/** A path, and the actions that the reducer asked for. */
class Path {
  actions = [];

  constructor({ ways = WAYS, home = 'all' } = {}) {
    this.recovery = begin(ways, home, 0);
  }

  /** @returns the actions of this event alone */
  sees(event, now) {
    const step = advance(this.recovery, typeof event === 'string' ? { type: event } : event, now);
    this.recovery = step.recovery;
    this.actions.push(...step.actions.map((action) => ({ now, ...action })));
    return step.actions;
  }

  ticksUntil(end, from = 0) {
    for (let now = from; now <= end; now += 500) this.sees('tick', now);
    return this;
  }

  restarts() {
    return this.actions.filter(({ type }) => type === 'restart-ice');
  }
}

function up(options) {
  const path = new Path(options);
  path.sees('path-up', 100);
  path.actions = [];
  return path;
}

test('a call that does not come up tries one way after the other', () => {
  const path = new Path().ticksUntil(POLICY.attemptMs * 6);
  assert.deepEqual(
    path.restarts().map(({ now, way }) => [now, way]),
    [
      [4_000, 'udp'],
      [8_000, 'tcp'],
      [13_000, 'tls'],
      [19_000, 'ice-tcp'],
    ],
  );
});

test('a way that ICE gives up is left at once, but the next one gets time to settle', () => {
  const path = new Path();
  path.sees('exhausted', 300);
  path.sees('tick', 500);
  path.sees('exhausted', 600);
  for (let now = 1_000; now <= 2_000; now += 500) path.sees('tick', now);
  assert.deepEqual(
    path.restarts().map(({ now, way }) => [now, way]),
    [
      [500, 'udp'],
      [2_000, 'tcp'],
    ],
  );
});

test('the first path is reported as up', () => {
  assert.deepEqual(new Path().sees('path-up', 70), [{ type: 'up', ms: 70 }]);
});

test('a machine that hears silence again and again restarts less and less', () => {
  const path = up();
  for (let now = 1_000; now < 31_000; now += 1_000) {
    path.sees('silence', now);
    path.sees('tick', now + 250);
    path.sees('sound', now + 500);
  }
  assert.deepEqual(
    path.restarts().map(({ now }) => now),
    [1_000, 4_000, 10_000, 22_000],
  );
  path.sees('silence', 70_000);
  assert.equal(path.restarts().at(-1).now, 70_000);
});

test('silence on the page is answered with a restart at once', () => {
  const path = up();
  assert.deepEqual(path.sees('silence', 1_000), [
    { type: 'down', reason: 'path_silent' },
    { type: 'restart-ice', reason: 'path_silent', way: 'all' },
  ]);
  assert.deepEqual(path.sees('sound', 1_300), [{ type: 'up', ms: 300 }]);
  assert.ok(isWell(path.recovery));
});

test('when ICE loses its path, the socket is replaced as well', () => {
  assert.deepEqual(up().sees('path-down', 1_000).at(-1), { type: 'replace-socket' });
});

test('the bot receiving nothing is an outage too, which ends when both receive again', () => {
  const path = up();
  assert.equal(path.sees('peer-not-receiving', 1_000)[0].type, 'down');
  assert.deepEqual(path.sees('silence', 1_100), []);
  assert.deepEqual(path.sees('peer-receiving', 1_200), []);
  assert.equal(path.sees('sound', 1_300)[0].type, 'up');
});

test('one outage that is noticed in three ways is restarted once', () => {
  const path = up();
  path.sees('silence', 0);
  path.sees('peer-not-receiving', 10);
  path.sees('path-down', 20);
  assert.equal(path.restarts().length, 1);
});

test('restarts come ever more slowly, and after the grace period the call is given up', () => {
  const path = up({ ways: ['all'] });
  path.sees('silence', 0);
  path.ticksUntil(POLICY.graceMs);
  const times = path.restarts().map(({ now }) => now);
  assert.deepEqual(times, [0, 4_000, 9_000, 15_000, 23_000, 35_000, 47_000, 59_000]);
  assert.deepEqual(path.actions.at(-1), { now: POLICY.graceMs, type: 'give-up', reason: 'call_lost' });
});

test('silence does not undo a restart that is under way', () => {
  const path = up();
  path.sees('degraded', 1_000);
  assert.deepEqual(path.sees('peer-not-receiving', 1_400), [{ type: 'down', reason: 'path_silent' }]);
  path.ticksUntil(3_000, 1_500);
  assert.deepEqual(
    path.restarts().map(({ now, way }) => [now, way]),
    [
      [1_000, 'tls'],
      [2_500, 'tls'],
    ],
  );
});

test('a hint on a healthy path restarts ICE, and is no outage', () => {
  const path = up();
  const actions = path.sees({ type: 'hint', reason: 'developer' }, 5_000);
  assert.deepEqual(actions, [{ type: 'restart-ice', reason: 'developer', way: 'all' }]);
  assert.deepEqual(path.ticksUntil(60_000, 5_500).restarts().length, 1);
});

test('a socket that gets through during an outage restarts ICE', () => {
  const path = up();
  path.sees('path-down', 1_000);
  assert.deepEqual(path.sees('socket-ready', 1_200), [], 'the restart has only begun');
  assert.deepEqual(path.sees('tick', 2_400), []);
  assert.equal(path.sees('tick', 2_500)[0].way, 'all', 'and it may have come too early');
  assert.deepEqual(path.sees('socket-ready', 4_000), [{ type: 'restart-ice', reason: 'socket_back', way: 'all' }]);
});

test('a path that is back before the socket’s restart is due keeps the way that was tried', () => {
  const path = up();
  path.sees({ type: 'transport', around: null, network: '192.0.2.1', isNew: true }, 500);
  path.sees('path-down', 1_000);
  path.ticksUntil(16_000, 1_500);
  assert.equal(path.recovery.way, 'tls');
  path.sees('socket-ready', 16_500);
  path.sees('path-up', 16_800);
  const back = { type: 'transport', around: 'tls', network: '', isNew: true };
  assert.deepEqual(path.sees(back, 17_000), [], 'UDP was not tried: it is not to blame');
});

test('a socket that is replaced on a healthy path changes nothing', () => {
  assert.deepEqual(up().sees('socket-ready', 20_000), []);
  assert.deepEqual(new Path().sees('socket-ready', 3_000), []);
});

test('a change of network replaces the socket too', () => {
  const actions = up().sees({ type: 'hint', reason: 'network_changed' }, 5_000);
  assert.deepEqual(actions.at(-1), { type: 'replace-socket' });
});

test('one change of network that is announced by several events is restarted once', () => {
  const path = up();
  for (const now of [5_000, 5_010, 5_300]) path.sees({ type: 'hint', reason: 'network_changed' }, now);
  assert.equal(path.restarts().length, 1);
});

test('a hint during an outage restarts at once, and delays the next restart', () => {
  const path = up();
  path.sees('silence', 0);
  path.sees({ type: 'hint', reason: 'network_changed' }, 3_900);
  path.ticksUntil(7_500, 4_000);
  assert.deepEqual(
    path.restarts().map(({ now }) => now),
    [0, 3_900],
  );
});

test('a call leaves crippled UDP, remembers the way, and stays on it', () => {
  const path = up();
  assert.deepEqual(path.sees('degraded', 1_000), [
    { type: 'restart-ice', reason: 'udp_crippled', way: 'tls' },
    { type: 'remember', way: 'tls' },
  ]);
  path.sees({ type: 'transport', around: 'tls', network: '', isNew: true }, 2_000);
  path.ticksUntil(600_000, 2_500);
  assert.equal(path.restarts().length, 1);
  assert.deepEqual(path.sees('degraded', 601_000), []);
});

test('without a relay the bot’s own TCP port is the way around crippled UDP', () => {
  const path = up({ ways: ['all', 'ice-tcp'] });
  assert.equal(path.sees('degraded', 1_000)[0].way, 'ice-tcp');
  assert.deepEqual(up({ ways: ['all'] }).sees('degraded', 1_000), []);
});

test('a way that the page’s address asks for is never left', () => {
  const path = up({ ways: ['tls'], home: 'tls' });
  path.sees('silence', 0);
  path.ticksUntil(30_000);
  assert.deepEqual([...new Set(path.restarts().map(({ way }) => way))], ['tls']);
});

test('on TCP, UDP is tried again, ever more rarely', () => {
  const path = up();
  for (let now = 500; now <= 100_000; now += 500) {
    path.sees({ type: 'transport', around: 'tls', network: '', isNew: true }, now);
    path.sees('tick', now);
  }
  assert.deepEqual(
    path.restarts().map(({ now }) => now),
    [5_500, 26_000, 86_500],
  );
  assert.equal(path.restarts()[0].reason, 'udp_again');
});

test('after a return to UDP, the next attempt comes soon again', () => {
  const path = up();
  const over = (around, network, now) => path.sees({ type: 'transport', around, network, isNew: true }, now);
  over('tls', '', 1_000);
  path.ticksUntil(6_500, 1_500);
  over(null, '192.0.2.1', 7_000);
  over('ice-tcp', '198.51.100.1', 8_000);
  path.ticksUntil(14_000, 8_500);
  assert.deepEqual(
    path.restarts().map(({ reason, now }) => [reason, now]),
    [
      ['udp_again', 6_000],
      ['udp_again', 13_000],
    ],
  );
});

test('an attempt during an outage does not count: the next one comes soon', () => {
  const path = up();
  path.sees({ type: 'transport', around: 'tcp', network: '', isNew: true }, 1_000);
  path.ticksUntil(6_000, 1_500);
  path.sees('silence', 6_500);
  path.ticksUntil(20_000, 7_000);
  path.sees('sound', 20_500);
  path.sees({ type: 'transport', around: 'tcp', network: '', isNew: true }, 21_000);
  const tries = path
    .ticksUntil(30_000, 21_500)
    .restarts()
    .filter(({ reason }) => reason === 'udp_again');
  assert.deepEqual(
    tries.map(({ now }) => now),
    [6_000, 26_000],
  );
});

test('an attempt that costs the path counts', () => {
  const path = up();
  let lostAt = Infinity;
  for (let now = 500; now <= 100_000; now += 500) {
    if (now === lostAt + 3_000) path.sees('sound', now);
    path.sees({ type: 'transport', around: 'tcp', network: '', isNew: true }, now);
    const tries = path.sees('tick', now).some(({ reason }) => reason === 'udp_again');
    if (tries) lostAt = now + 1_000;
    if (now === lostAt) path.sees('silence', now);
  }
  const tries = path.restarts().filter(({ reason }) => reason === 'udp_again');
  assert.equal(tries.length, 3);
});

test('on UDP no attempt is planned', () => {
  const path = up();
  for (let now = 500; now <= 100_000; now += 500) {
    path.sees({ type: 'transport', around: null, network: '192.0.2.1', isNew: true }, now);
    path.sees('tick', now);
  }
  assert.deepEqual(path.actions, []);
});

test('a call whose UDP died while TCP works leaves UDP', () => {
  const path = up();
  path.sees({ type: 'transport', around: null, network: '192.0.2.1', isNew: true }, 1_000);
  path.sees('silence', 2_000);
  path.sees('sound', 2_500);
  const actions = path.sees({ type: 'transport', around: 'tls', network: '', isNew: true }, 3_000);
  assert.deepEqual(
    actions.map(({ type, way }) => [type, way]),
    [
      ['restart-ice', 'tls'],
      ['remember', 'tls'],
    ],
  );
  path.sees({ type: 'transport', around: 'tls', network: '', isNew: true }, 3_500);
  assert.equal(path.ticksUntil(60_000, 4_000).restarts().length, 2);
});

test('a path over TCP that came up because its rung was due says nothing about UDP', () => {
  const path = up();
  path.sees({ type: 'transport', around: null, network: '192.0.2.1', isNew: true }, 1_000);
  path.sees('silence', 2_000);
  path.ticksUntil(20_000, 2_500);
  const { way } = path.recovery;
  assert.equal(way, 'tls');
  path.sees('sound', 20_500);
  assert.deepEqual(path.sees({ type: 'transport', around: way, network: '', isNew: true }, 21_000), []);
  const last = path.ticksUntil(27_000, 21_500).restarts().at(-1);
  assert.deepEqual([last.reason, last.way], ['udp_again', 'all']);
  const old = { type: 'transport', around: way, network: '', isNew: false };
  assert.deepEqual(path.sees(old, 27_100), [], 'the pair from before says nothing of this try');
});

test('the same holds for a network change that nobody announced', () => {
  const path = up();
  path.sees({ type: 'transport', around: null, network: '192.0.2.1', isNew: true }, 1_000);
  path.sees('silence', 2_000);
  path.sees('sound', 2_500);
  assert.deepEqual(
    path.sees({ type: 'transport', around: 'ice-tcp', network: '198.51.100.1', isNew: true }, 3_000),
    [],
  );
});

test('another network without UDP is no reason to leave UDP', () => {
  const path = up();
  path.sees({ type: 'transport', around: null, network: '192.0.2.1', isNew: true }, 1_000);
  path.sees({ type: 'hint', reason: 'network_changed' }, 2_000);
  assert.deepEqual(path.sees({ type: 'transport', around: 'tls', network: '', isNew: true }, 3_000), []);
});
