import assert from 'node:assert/strict';
import test from 'node:test';

import { readSwitches } from '../../static/js/page/switches.js';

test('without switches nothing is asked for', () => {
  assert.deepEqual(readSwitches(''), { way: null, voice: null, source: null, isDebug: false, slips: [] });
});

test('known values are taken', () => {
  assert.deepEqual(readSwitches('?ice=ice-tcp&voice=tone&from=abc&debug'), {
    way: 'ice-tcp',
    voice: 'tone',
    source: 'abc',
    isDebug: true,
    slips: [],
  });
});

test('an unknown value is not used, and is named together with the known ones', () => {
  const { way, voice, slips } = readSwitches('?ice=Relay&voice=parott');
  assert.deepEqual([way, voice], [null, null]);
  assert.deepEqual(slips, [
    '?ice=Relay is unknown: using any way. Known: all, direct, relay, udp, tcp, tls, ice-tcp.',
    '?voice=parott is unknown: using the server’s voice. Known: echo, parrot, tone, speech, bot.',
  ]);
});
