import assert from 'node:assert/strict';
import test from 'node:test';

import { Capture, MOMENT_MS, RETRY_MS, SILENT_MS } from '../../static/js/call/capture.js';
import { MicrophoneError } from '../../static/js/call/microphone.js';
import { FakeClock, settle } from './fakes.js';

function microphone(deviceId = 'built-in') {
  const track = {
    readyState: 'live',
    muted: false,
    enabled: true,
    getSettings: () => ({ deviceId }),
    stop() {
      this.readyState = 'ended';
    },
  };
  return { track, getAudioTracks: () => [track], getTracks: () => [track] };
}

function capturing() {
  const clock = new FakeClock();
  const first = microphone();
  const used = [];
  const troubles = [];
  /** What the next attempts to open a microphone give; if it is empty, there is none. */
  const next = [];
  const open = async () => {
    const stream = next.shift();
    if (!stream) throw new MicrophoneError('mic_busy');
    return stream;
  };
  const events = {
    onStream: (stream) => used.push(stream),
    onTrouble: (trouble) => troubles.push(trouble),
    note: () => {},
  };
  return { capture: new Capture(first, open, events, clock), clock, first, used, troubles, next };
}

test('after a headset is unplugged another microphone is used', async () => {
  const { first, next, used, troubles, capture } = capturing();
  const other = microphone();
  next.push(other);
  first.track.enabled = false;
  first.track.onended();
  await settle();
  assert.deepEqual(used, [other]);
  assert.equal(other.track.enabled, false, 'and stays muted if it was');
  assert.equal(capture.track, other.track);
  assert.deepEqual(troubles, []);
});

test('a microphone that a telephone call took is asked for again until it is given back', async () => {
  const { first, clock, next, used, troubles } = capturing();
  first.track.onended();
  await settle();
  assert.deepEqual(troubles, ['mic_busy']);
  clock.pass(RETRY_MS[0]);
  await settle();
  const other = microphone();
  next.push(other);
  clock.pass(RETRY_MS[1]);
  await settle();
  assert.deepEqual(used, [other]);
  assert.deepEqual(troubles, ['mic_busy', '']);
});

test('a mute is pointed out until it ends, and the microphone is not reopened', async () => {
  const { first, clock, next, used, troubles } = capturing();
  next.push(microphone());
  first.track.onmute();
  clock.pass(10 * MOMENT_MS);
  await settle();
  assert.deepEqual([used, troubles], [[], ['mic_muted']]);
  first.track.onunmute();
  assert.deepEqual(troubles, ['mic_muted', '']);
});

test('a muted microphone that ends is replaced, once', async () => {
  const { first, clock, next, used, troubles } = capturing();
  const other = microphone();
  next.push(other, microphone());
  first.track.onmute();
  first.track.onended();
  await settle();
  clock.pass(10 * MOMENT_MS);
  await settle();
  assert.deepEqual([used, troubles], [[other], []]);
});

test('a person who takes the permission away is not asked again and again', async () => {
  const { capture, first, clock, troubles } = capturing();
  let asked = 0;
  capture.open = async () => {
    asked += 1;
    throw new MicrophoneError('mic_denied');
  };
  first.track.onended();
  await settle();
  clock.pass(60_000);
  await settle();
  assert.deepEqual([asked, troubles], [1, ['mic_denied']]);
});

test('a short mute is ignored', async () => {
  const { first, clock, used, troubles } = capturing();
  first.track.onmute();
  clock.pass(MOMENT_MS - 1);
  first.track.onunmute();
  clock.pass(MOMENT_MS);
  await settle();
  assert.deepEqual([used, troubles], [[], []]);
});

test('a microphone that opens muted is not used', async () => {
  const { first, clock, next, used, troubles } = capturing();
  const muted = microphone();
  muted.track.muted = true;
  const other = microphone();
  next.push(muted, other);
  first.track.onended();
  await settle();
  assert.deepEqual(troubles, ['mic_muted']);
  assert.equal(muted.track.readyState, 'ended');
  clock.pass(RETRY_MS[0]);
  await settle();
  assert.deepEqual(used, [other]);
});

test('a page that comes to the front replaces a track that ended in the background', async () => {
  const { capture, first, next, used } = capturing();
  capture.returned();
  await settle();
  assert.deepEqual(used, []);
  first.track.muted = true;
  next.push(microphone());
  capture.returned();
  await settle();
  assert.equal(used.length, 1);
});

test('a device that has gone is replaced, and a new one is not used by itself', async () => {
  const { capture, next, used } = capturing();
  const input = (deviceId) => ({ kind: 'audioinput', deviceId });
  next.push(microphone('headset'));
  capture.devicesChanged([input('headset')]); // the one in use has never been listed
  capture.devicesChanged([input('built-in'), input('headset')]);
  await settle();
  assert.deepEqual(used, []);
  capture.devicesChanged([input('headset')]);
  await settle();
  assert.equal(used.length, 1);
});

test('digital silence is reported from the beginning of a call only', () => {
  const { capture, clock, troubles } = capturing();
  capture.look(0);
  clock.pass(SILENT_MS);
  capture.look(0);
  assert.deepEqual(troubles, ['mic_silent']);
  capture.look(0.001);
  clock.pass(SILENT_MS);
  capture.look(0.001);
  assert.deepEqual(troubles, ['mic_silent', '']);
});

test('a muted microphone, or one whose energy is not known, is not called silent', () => {
  const { capture, clock, first, troubles } = capturing();
  first.track.enabled = false;
  for (const energy of [0, 0, null, null]) {
    capture.look(energy);
    clock.pass(SILENT_MS);
    if (energy === null) first.track.enabled = true;
  }
  assert.deepEqual(troubles, []);
});

test('after the call no microphone is opened, and one that comes late is closed', async () => {
  const { capture, first, next, used } = capturing();
  const late = microphone();
  next.push(late);
  first.track.onended();
  capture.stop();
  await settle();
  assert.equal(late.track.readyState, 'ended');
  assert.deepEqual(used, []);
});
