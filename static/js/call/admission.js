/**
 * What lets a page call: a ticket for one call, the ICE configuration that it gives, and the claim to a
 * call that the page was in before it was reloaded.
 *
 * @typedef {import('../link/api.js').IceConfiguration} IceConfiguration
 * @typedef {import('./memory.js').Kept} Kept
 */

import { TICKET_LIFE_MS } from '../generated/shared.js';
import { TICKET_SHARE } from '../link/api.js';
import { hasRelay } from '../link/ice.js';
import { CallError } from './errors.js';

/** In place of a configuration that cannot be had. Host candidates alone connect on many networks. */
const NO_SERVERS = { iceServers: [], ttl: 0, partial: true };

export class Admission {
  ticket = '';
  /** When the ticket is too old to be used, epoch ms. */
  staleAt = -Infinity;
  /** @type {Promise<IceConfiguration>} */
  ice = Promise.resolve(NO_SERVERS);

  /**
   * @param {import('../link/api.js').Api} api
   * @param {import('../lib/clock.js').Clock} clock
   * @param {Kept|null} kept the call to go back to, if the server still has it
   */
  constructor(api, clock, kept) {
    this.api = api;
    this.clock = clock;
    this.kept = kept;
  }

  /** @returns {boolean} whether a call needs another ticket; a kept call is older than its ticket may be */
  get isStale() {
    return !this.ticket || (!this.kept && this.clock.now() > this.staleAt);
  }

  /** @returns {import('../link/signal.js').Claim|null} */
  get claim() {
    return this.kept && { callId: this.kept.callId, token: this.kept.token, rejoin: true };
  }

  /**
   * Takes a ticket and asks for the ICE configuration at once, so that a tap need not wait for it.
   *
   * @param {string} ticket
   * @param {number} [lifeMs] how long the server accepts it
   */
  use(ticket, lifeMs = TICKET_LIFE_MS) {
    const { api, clock } = this;
    this.ticket = ticket;
    this.staleAt = clock.now() + TICKET_SHARE * lifeMs;
    this.ice = api.ice(ticket).then(
      (configuration) => ({ ...configuration, at: clock.now() }),
      (error) => {
        console.warn(error);
        return NO_SERVERS;
      },
    );
  }

  /** The server has refused the ticket. */
  spend() {
    this.ticket = '';
  }

  /**
   * Asks for another ticket.
   *
   * @returns {Promise<import('../link/api.js').Ticket>} for `use`
   * @throws {CallError} `server_unreachable`
   */
  async renew() {
    try {
      return await this.api.issueTicket();
    } catch (error) {
      throw new CallError('server_unreachable', String(error));
    }
  }

  /**
   * Replaces the ICE servers during a call. If no provider has any, the present ones stay in use.
   *
   * @param {IceConfiguration} configuration from the server
   * @returns {Promise<boolean>} whether it is in use from now on
   */
  async replaceServers(configuration) {
    const { iceServers } = await this.ice;
    if (hasRelay(iceServers) && !hasRelay(configuration.iceServers)) return false;
    this.ice = Promise.resolve({ ...configuration, at: this.clock.now() });
    return true;
  }
}
