import assert from 'node:assert/strict';
import test from 'node:test';

import { hideCall, showCall } from '../../static/js/page/lockscreen.js';
import { outputsOf } from '../../static/js/page/outputs.js';
import { externalBrowserLink } from '../../static/js/page/external_browser.js';

const PAGE = 'https://demo.example/?from=x';
const ANDROID = 'Mozilla/5.0 (Linux; Android 15; wv) AppleWebKit/537.36 Chrome/140 Mobile [FBAN/EMA]';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Instagram 300';

test('each kind of app has a link to an external browser', () => {
  assert.equal(
    externalBrowserLink(ANDROID, PAGE),
    'intent://demo.example/?from=x#Intent;scheme=https;action=android.intent.action.VIEW;end',
  );
  assert.equal(externalBrowserLink(IPHONE, PAGE), 'x-safari-https://demo.example/?from=x');
  assert.equal(externalBrowserLink(`${ANDROID} Line/14.0`, PAGE), `${PAGE}&openExternalBrowser=1`);
  assert.equal(externalBrowserLink('Mozilla/5.0 (X11; Linux x86_64)', PAGE), '');
  assert.equal(externalBrowserLink(ANDROID, 'http://192.0.2.1:8000/'), '');
});

test('loudspeakers are offered if there is a choice and they have names', () => {
  const output = (deviceId, label) => ({ kind: 'audiooutput', deviceId, label });
  const speaker = output('1', 'Speakerphone');
  assert.deepEqual(outputsOf([speaker, { kind: 'audioinput', deviceId: '3', label: 'x' }]), []);
  assert.deepEqual(outputsOf([output('', ''), output('', '')]), []);
  assert.deepEqual(outputsOf([speaker, output('2', 'Headset earpiece')]), [
    { id: '1', label: 'Speakerphone' },
    { id: '2', label: 'Headset earpiece' },
  ]);
});

test('the lock screen shows the call while it is up, with the buttons the browser knows', () => {
  globalThis.MediaMetadata = class {
    constructor(shown) {
      Object.assign(this, shown);
    }
  };
  const handlers = {};
  const session = {
    setActionHandler(name, act) {
      if (name === 'hangup') throw new TypeError('unknown action');
      handlers[name] = act;
    },
  };
  const actions = { hangup: () => {}, togglemicrophone: () => {} };
  showCall(session, 'Talk to the bot', actions);
  assert.equal(session.metadata.title, 'Talk to the bot');
  assert.deepEqual(handlers, { togglemicrophone: actions.togglemicrophone });
  hideCall(session, actions);
  assert.deepEqual([session.metadata, handlers.togglemicrophone], [null, null]);
  showCall(undefined, 'x', actions);
  hideCall(undefined, actions);
});
