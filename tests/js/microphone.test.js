import assert from 'node:assert/strict';
import test from 'node:test';

import { ANSWER_MS, isInAppBrowser, obstacle, openMicrophone } from '../../static/js/call/microphone.js';
import { reasonFor } from '../../static/js/call/reasons.js';
import { FakeClock } from './fakes.js';

const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1';
const FACEBOOK = 'Mozilla/5.0 (Linux; Android 15; wv) AppleWebKit/537.36 Chrome/140 Mobile [FBAN/EMA;FBAV/400]';

const refusing = (name) => ({
  getUserMedia: () => Promise.reject(Object.assign(new Error('no'), { name })),
});

for (const [name, code] of Object.entries({
  NotAllowedError: 'mic_denied',
  NotFoundError: 'mic_missing',
  NotReadableError: 'mic_busy',
  AbortError: 'mic_busy',
})) {
  test(`${name} is ${code}, with a sentence of its own`, async () => {
    const asked = openMicrophone(refusing(name), SAFARI, new FakeClock());
    await assert.rejects(asked, { code });
    assert.notEqual(reasonFor(code), reasonFor('internal'));
  });
}

for (const [browser, userAgent, code] of [
  ['a browser', SAFARI, 'mic_timeout'],
  ['an in-app browser', FACEBOOK, 'in_app_browser'],
]) {
  test(`${browser} that never answers is ${code}, and a late microphone is given back`, async () => {
    const clock = new FakeClock();
    let stopped = 0;
    const track = {
      stop: () => {
        stopped += 1;
      },
    };
    let answer;
    const devices = {
      getUserMedia: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    };
    const asked = openMicrophone(devices, userAgent, clock);
    clock.pass(ANSWER_MS);
    await assert.rejects(asked, { code });
    answer({ getTracks: () => [track] });
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    assert.equal(stopped, 1);
  });
}

test('what prevents a call in this browser is known before the tap', () => {
  const well = {
    isSecureContext: true,
    RTCPeerConnection: class {},
    navigator: { mediaDevices: {}, userAgent: SAFARI },
  };
  const without = (changes, navigator = {}) =>
    obstacle({ ...well, ...changes, navigator: { ...well.navigator, ...navigator } });
  assert.equal(obstacle(well), '');
  assert.equal(without({ isSecureContext: false }, { mediaDevices: undefined }), 'insecure_origin');
  assert.equal(without({}, { mediaDevices: undefined, userAgent: FACEBOOK }), 'in_app_browser');
  assert.equal(without({ RTCPeerConnection: undefined }), 'no_webrtc');
});

test('browsers inside apps are recognised', () => {
  assert.equal(isInAppBrowser(SAFARI), false);
  assert.equal(isInAppBrowser(FACEBOOK), true);
  assert.equal(isInAppBrowser('… LinkedInApp/9.1'), true);
});
