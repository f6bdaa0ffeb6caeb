import assert from 'node:assert/strict';
import test from 'node:test';

import { Admission } from '../../static/js/call/admission.js';
import { CallError } from '../../static/js/call/errors.js';
import { TICKET_LASTS_MS } from '../../static/js/link/api.js';
import { FakeClock } from './fakes.js';

const TURN = [{ urls: ['turn:t.example'], username: 'u', credential: 'c' }];

function admission({ kept = null, ...api } = {}) {
  const clock = new FakeClock();
  const server = {
    issueTicket: async () => ({ ticket: 'fresh', expiresIn: 600 }),
    ice: async () => ({ iceServers: TURN, ttl: 90 }),
    ...api,
  };
  return { clock, admission: new Admission(server, clock, kept) };
}

test('without a ticket a call needs one', () => {
  assert.ok(admission().admission.isStale);
});

test('the ticket that came with the page is used for eight minutes', () => {
  const { clock, admission: page } = admission();
  page.use('with the page');
  clock.pass(TICKET_LASTS_MS);
  assert.ok(!page.isStale);
  clock.pass(1);
  assert.ok(page.isStale);
  assert.equal(TICKET_LASTS_MS, 8 * 60_000);
});

test('a later ticket is used for as long as the server says, less a margin', async () => {
  const { clock, admission: page } = admission({ issueTicket: async () => ({ ticket: 'short', expiresIn: 100 }) });
  const { ticket, expiresIn } = await page.renew();
  page.use(ticket, 1000 * expiresIn);
  clock.pass(80_000);
  assert.ok(!page.isStale);
  clock.pass(1);
  assert.ok(page.isStale);
});

test('a refused ticket is not used again', () => {
  const { admission: page } = admission();
  page.use('refused');
  page.spend();
  assert.ok(page.isStale);
});

test('the claim to a kept call outlives the age of its ticket', () => {
  const { clock, admission: page } = admission({ kept: { callId: 'c', token: 't', at: 0 } });
  page.use('with the page');
  clock.pass(TICKET_LASTS_MS + 1);
  assert.ok(!page.isStale);
  assert.deepEqual(page.claim, { callId: 'c', token: 't', rejoin: true });
  page.kept = null;
  assert.ok(page.isStale);
  assert.equal(page.claim, null);
});

test('a ticket that cannot be had is a failure with a reason', async () => {
  const { admission: page } = admission({
    issueTicket: async () => {
      throw new TypeError('offline');
    },
  });
  await assert.rejects(page.renew(), (error) => error instanceof CallError && error.code === 'server_unreachable');
});

test('without an ICE configuration the call is tried with none', async () => {
  const { admission: page } = admission({
    ice: async () => {
      throw new Error('503');
    },
  });
  page.use('with the page');
  assert.deepEqual(await page.ice, { iceServers: [], ttl: 0, partial: true });
});

test('TURN servers in use are replaced by others, and not by none', async () => {
  const { clock, admission: page } = admission();
  page.use('with the page');
  assert.equal(await page.replaceServers({ iceServers: [], ttl: 90 }), false);
  assert.deepEqual((await page.ice).iceServers, TURN);
  const other = [{ ...TURN[0], credential: 'other' }];
  assert.equal(await page.replaceServers({ iceServers: other, ttl: 90 }), true);
  assert.deepEqual(await page.ice, { iceServers: other, ttl: 90, at: clock.now() });
});
