import assert from 'node:assert/strict';
import test from 'node:test';

import { IDLE } from '../../static/js/call/call.js';
import { consequenceOf } from '../../static/js/call/refusals.js';

const CONNECTING = { state: 'connecting', reason: '', renewed: false };
const CONNECTED = { state: 'connected', reason: '', renewed: false };
const CALLING_AGAIN = { state: 'recovering', reason: 'new_call', renewed: true };

test('a refused ticket is replaced at the next tap, or at once, but only once', () => {
  assert.equal(consequenceOf('ticket_used', IDLE, false), 'spend-ticket');
  assert.equal(consequenceOf('ticket_used', CONNECTING, false), 'renew-ticket');
  assert.equal(consequenceOf('ticket_used', CONNECTING, true), 'fail');
});

test('a call that is coming up fails for any other reason that is not harmless', () => {
  assert.equal(consequenceOf('busy', CONNECTING, false), 'fail');
  assert.equal(consequenceOf('busy', CALLING_AGAIN, true), 'fail');
  assert.equal(consequenceOf('unknown_generation', CONNECTING, false), 'ignore');
});

test('a call that is up is not ended by a refusal', () => {
  assert.equal(consequenceOf('bad_offer', CONNECTED, false), 'ignore');
  assert.equal(consequenceOf('heartbeat_lost', CONNECTED, false), 'restart');
  assert.equal(consequenceOf('call_unknown', CONNECTED, false), 'lost');
});

test('a fault of the server ends a call that is up, but not a page that has none', () => {
  assert.equal(consequenceOf('internal', CONNECTED, false), 'fail');
  assert.equal(consequenceOf('internal', { ...CONNECTED, state: 'recovering', reason: 'path_silent' }, false), 'fail');
  assert.equal(consequenceOf('internal', IDLE, false), 'ignore');
});
