import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { meanOpinionScore } from '../../static/js/selftest/mos.js';
import { describeNetwork, isPublic } from '../../static/js/selftest/nat.js';
import { VERDICTS, WAY } from '../../static/js/generated/selftest_sentences.js';
import { SELFTEST_CALLS } from '../../static/js/generated/shared.js';
import { CHECKS } from '../../static/js/selftest/checks/index.js';
import { judgeMicrophone, measure } from '../../static/js/selftest/loudness.js';
import { Runner } from '../../static/js/selftest/runner.js';
import { qualityOf } from '../../static/js/selftest/sample.js';
import { verdict } from '../../static/js/selftest/verdict.js';
import { REASONS } from '../../static/js/generated/reasons.js';

const host = (address, port = 5000) => ({ type: 'host', protocol: 'udp', address, port });
const mapped = (port, relatedPort = 5000, address = '203.0.113.50') => ({
  type: 'srflx',
  protocol: 'udp',
  address,
  port,
  relatedAddress: relatedPort ? '192.168.1.2' : '0.0.0.0',
  relatedPort,
});
const natOf = (...candidates) => describeNetwork(candidates, '').nat;

describe('the network', () => {
  test('a public address of its own is no NAT', () => {
    assert.equal(natOf(host('198.51.100.2')), 'open');
  });

  test('one mapping for two servers is a cone', () => {
    assert.equal(natOf(host('192.168.1.2'), mapped(6000)), 'cone');
  });

  test('two mappings of one base are a symmetric NAT', () => {
    assert.equal(natOf(host('192.168.1.2'), mapped(6000), mapped(6001)), 'symmetric');
  });

  test('two bases with a mapping each are none', () => {
    const candidates = [host('192.168.1.2'), host('192.168.2.2', 5001), mapped(6000), mapped(6001, 5001)];
    assert.equal(natOf(...candidates), 'cone');
  });

  test('where the bases are hidden, more mappings than host candidates are a symmetric NAT', () => {
    const name = '4d5c0bb2-6b6e-4b0c-9d3e-1f5a7a3a9c11.local';
    assert.equal(natOf(host(name), mapped(6000, 0), mapped(6001, 0)), 'symmetric');
    assert.equal(natOf(host(name), host(name), mapped(6000, 0), mapped(6001, 0)), 'cone');
  });

  test('without an answer nothing is known, and without candidates the browser hides', () => {
    assert.equal(natOf(host('192.168.1.2')), 'unknown');
    assert.equal(natOf(), 'hidden');
  });

  test('which versions of IP lead out', () => {
    const found = describeNetwork([host('192.168.1.2'), mapped(6000), host('[2001:db8::5]')], '');
    assert.deepEqual([found.ipv4, found.ipv6], [true, true]);
    assert.equal(describeNetwork([host('fe80::1')], '').ipv6, false);
  });

  test('pages that leave by another address than calls', () => {
    const candidates = [host('192.168.1.2'), mapped(6000)];
    assert.equal(describeNetwork(candidates, '203.0.113.50').isElsewhere, false);
    assert.equal(describeNetwork(candidates, '198.51.100.9').isElsewhere, true);
    assert.equal(describeNetwork(candidates, '10.0.0.9').isElsewhere, false);
    assert.equal(describeNetwork(candidates, '2001:db8::9').isElsewhere, false);
  });

  test('what is public', () => {
    for (const address of ['8.8.8.8', '172.15.0.1', '172.32.0.1', '2001:db8::1']) assert.ok(isPublic(address));
    for (const address of [
      '10.1.1.1',
      '172.16.0.1',
      '192.168.0.1',
      '100.64.0.1',
      '169.254.1.1',
      '127.0.0.1',
      'fd00::1',
      'x.local',
      '',
    ]) {
      assert.ok(!isPublic(address));
    }
  });
});

describe('the mean opinion score', () => {
  test('a good path is at the top', () => {
    assert.equal(meanOpinionScore({ rttMs: 0, jitterMs: 0, lossPercent: 0 }), 4.4);
  });

  test('loss costs more than delay', () => {
    const far = meanOpinionScore({ rttMs: 300, jitterMs: 10, lossPercent: 0 });
    const lossy = meanOpinionScore({ rttMs: 20, jitterMs: 2, lossPercent: 10 });
    assert.ok(far > 3.5 && lossy > 3 && far > lossy);
    assert.ok(meanOpinionScore({ rttMs: 20, jitterMs: 2, lossPercent: 20 }) < 3);
  });

  test('a path that carries nothing is at the bottom', () => {
    assert.equal(meanOpinionScore({ rttMs: 5_000, jitterMs: 500, lossPercent: 100 }), 1);
  });
});

describe('the microphone', () => {
  const loud = { peak: 0.3, loudestDb: -20, clipped: 0 };

  test('each kind of trouble', () => {
    assert.equal(judgeMicrophone(loud), 'mic_good');
    assert.equal(judgeMicrophone({ ...loud, peak: 0, loudestDb: -Infinity }), 'mic_muted');
    assert.equal(judgeMicrophone({ ...loud, loudestDb: -70 }), 'mic_silent');
    assert.equal(judgeMicrophone({ ...loud, loudestDb: -45 }), 'mic_quiet');
    assert.equal(judgeMicrophone({ peak: 1, loudestDb: -3, clipped: 0.2 }), 'mic_distorted');
  });

  test('a full sine is 3 dB below full scale', () => {
    const samples = Float32Array.from({ length: 4800 }, (_, n) => Math.sin((2 * Math.PI * n) / 48));
    const { peak, db } = measure(samples);
    assert.ok(peak > 0.999 && Math.abs(db + 3.01) < 0.01);
  });

  test('what lies along the limit is distorted', () => {
    const loud = (gain) =>
      Float32Array.from({ length: 4800 }, (_, n) => Math.max(-1, Math.min(1, gain * Math.sin((2 * Math.PI * n) / 48))));
    assert.equal(measure(loud(0.9)).clipped, 0);
    assert.ok(measure(loud(4)).clipped > 0.8);
  });
});

describe('a sample of a way', () => {
  const look = (second, received, lost) => ({
    rttMs: 40,
    jitterMs: 5,
    packetsReceived: received,
    packetsLost: lost,
    samplesReceived: 48000 * second,
    samplesConcealed: 0,
    pair: 'host → host',
  });

  test('a clean one', () => {
    const looks = Array.from({ length: 11 }, (_, second) => look(second, 50 * second, 0));
    const { rttMs, jitterMs, lossPercent, mos } = qualityOf(looks);
    assert.deepEqual({ rttMs, jitterMs, lossPercent }, { rttMs: 40, jitterMs: 5, lossPercent: 0 });
    assert.ok(mos > 4);
  });

  test('what never came counts as lost', () => {
    const looks = Array.from({ length: 11 }, (_, second) => look(second, 5 * second, 0));
    assert.ok(qualityOf(looks).lossPercent > 85);
  });
});

test('what came too late to be played is as good as lost', () => {
  const looks = Array.from({ length: 11 }, (_, second) => ({
    rttMs: 40,
    jitterMs: 5,
    packetsReceived: 50 * second,
    packetsLost: 0,
    samplesReceived: 48000 * second,
    samplesConcealed: 12000 * second,
  }));
  assert.equal(qualityOf(looks).lossPercent, 25);
});

describe('the verdict', () => {
  const row = (name, status, found = '', data = {}) => ({ name, status, found, data });
  const fine = [row('browser', 'good'), row('microphone', 'good'), row('server', 'good')];
  const direct = row('direct', 'good', 'way_works', { pair: 'host → host' });
  const without = (way) => row(way, 'bad', 'way_blocked');

  test('straight through', () => {
    assert.equal(verdict([...fine, direct]), 'fine_direct');
  });

  test('through a relay of ours, or of the bot', () => {
    assert.equal(verdict([...fine, without('direct'), row('udp', 'good', 'way_works')]), 'fine_relay');
    const lent = row('direct', 'good', 'way_works', { pair: 'srflx → relay' });
    assert.equal(verdict([...fine, lent]), 'fine_relay');
  });

  test('only over TCP', () => {
    const ways = [without('direct'), without('udp'), row('tls', 'good', 'way_works')];
    assert.equal(verdict([...fine, ...ways]), 'fine_detour');
  });

  test('a bad way is better than none; a call leaves it for a detour only where it is crippled', () => {
    const bad = (loss) => row('direct', 'warning', 'way_works', { pair: 'host → host', loss });
    const detour = row('tls', 'good', 'way_works');
    assert.equal(verdict([...fine, bad(90)]), 'poor');
    assert.equal(verdict([...fine, bad(35), detour]), 'poor');
    assert.equal(verdict([...fine, bad(90), detour]), 'fine_detour');
  });

  test('no way at all, or no line free', () => {
    assert.equal(verdict([...fine, without('direct'), without('tls')]), 'network_blocked');
    assert.equal(verdict([...fine, row('direct', 'bad', 'busy')]), 'busy');
    // One that was not tried for want of a line, or of a ticket, is not one that is blocked.
    const detour = row('ice-tcp', 'good', 'way_works');
    for (const found of ['busy', 'network_busy', 'server_unreachable']) {
      assert.equal(verdict([...fine, row('direct', 'bad', found), detour]), found);
    }
  });

  test('the microphone and the loudspeaker count once the network is fine', () => {
    const denied = row('microphone', 'bad', 'mic_denied');
    assert.equal(verdict([denied, direct]), 'microphone');
    assert.equal(verdict([denied, without('direct')]), 'network_blocked');
    assert.equal(verdict([...fine, row('loudspeaker', 'bad', 'speaker_unheard'), direct]), 'loudspeaker');
    assert.equal(verdict([...fine, row('loudspeaker', 'skipped'), direct]), 'fine_direct');
  });

  test('a browser that cannot, or a server that is not there, come first', () => {
    assert.equal(verdict([row('browser', 'bad', 'insecure_origin')]), 'insecure_origin');
    assert.equal(verdict([row('server', 'bad', 'server_unreachable')]), 'server_unreachable');
  });

  test('every verdict has a next step, and all advice is about something', () => {
    for (const { sentence, nextStep } of Object.values(VERDICTS)) assert.ok(sentence && nextStep);
    for (const [code, { sentence }] of CHECKS.flatMap(({ sentences }) => Object.entries(sentences))) {
      assert.ok(sentence || code === 'net_elsewhere', code);
    }
    for (const code of ['network_blocked', 'busy', 'server_unreachable', 'insecure_origin']) {
      assert.ok(REASONS[code].nextStep);
    }
  });
});

describe('the runner', () => {
  const check = (name, found, { needs = [], after = [], ...rest } = {}) => ({
    name,
    needs,
    after,
    run: async () => found && { status: found === 'broken' ? 'bad' : 'good', found },
    ...rest,
  });
  const run = async (...checks) => {
    const told = [];
    const rows = await new Runner(
      checks,
      {},
      {
        onRunning: (name, second) => told.push(second ? `${name} ${second}` : name),
        onRow: ({ name, found }) => told.push(`${name}: ${found}`),
      },
    ).run();
    return { rows, told };
  };

  test('what needs a check that is bad does not run; what only waits for it does', async () => {
    const first = check('first', 'broken');
    const next = check('next', 'fine', { needs: [first] });
    const { rows } = await run(first, next, check('last', 'fine', { after: [next] }));
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['first', 'last'],
    );
  });

  test('a check without a result is no obstacle, and leaves its line to another', async () => {
    const permission = check('line', null);
    const { rows, told } = await run(permission, check('line', 'fine', { needs: [permission] }));
    assert.deepEqual(rows, [{ name: 'line', data: {}, status: 'good', found: 'fine' }]);
    assert.deepEqual(told, ['line', 'line', 'line: fine']);
  });

  test('checks that do not depend on each other run side by side', async () => {
    let release;
    const gate = new Promise((resolve) => (release = resolve));
    const slow = check('slow', '', { run: () => gate.then(() => ({ status: 'good', found: 'slow' })) });
    const quick = check('quick', '', {
      run: async () => {
        release();
        return { status: 'good', found: 'quick' };
      },
    });
    const { rows, told } = await run(slow, quick);
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['slow', 'quick'],
    );
    assert.deepEqual(told, ['slow', 'quick', 'quick: quick', 'slow: slow']);
  });

  test('a check counts its seconds', async () => {
    const counting = check('way', '', {
      run: async (_, onSecond) => {
        onSecond(1);
        onSecond(2);
        return null;
      },
    });
    assert.deepEqual((await run(counting)).told, ['way', 'way 1', 'way 2']);
  });

  test('one that fails for a reason of ours ends the self-test', async () => {
    const faulty = check('faulty', '', { run: async () => Promise.reject(new TypeError('fault')) });
    await assert.rejects(run(faulty, check('next', 'fine', { after: [faulty] })), TypeError);
  });

  test('a public address is doubted where no UDP gets through', async () => {
    const network = CHECKS.find(({ name }) => name === 'network');
    const data = { families: 'IPv4', isElsewhere: false };
    const row = (name, found) => [name, { name, status: 'good', found, data }];
    const revised = (...rows) => network.revise(new Map(rows));
    assert.deepEqual(revised(row('network', 'net_open'), row('direct', 'way_blocked')), {
      status: 'warning',
      found: 'net_unknown',
      data,
    });
    assert.equal(revised(row('network', 'net_open'), row('direct', 'way_works')), null);
    assert.equal(revised(row('network', 'net_cone'), row('direct', 'way_blocked')), null);
  });

  test('every check comes after those it depends on', () => {
    CHECKS.forEach((check, index) => {
      for (const other of [...check.needs, ...check.after]) assert.ok(CHECKS.indexOf(other) < index);
    });
  });
});

test('the server knows how many calls a self-test makes at the same time', () => {
  assert.equal(CHECKS.filter(({ sentences }) => sentences === WAY).length, SELFTEST_CALLS);
});
