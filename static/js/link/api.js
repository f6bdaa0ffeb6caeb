/**
 * The page's HTTP requests.
 *
 * @typedef {object} IceConfiguration
 * @property {RTCIceServer[]} iceServers
 * @property {number} ttl how long the credentials are valid, in seconds
 * @property {boolean} [partial] a provider has not answered yet: ask again soon
 * @property {number} [at] when it arrived, epoch ms; absent: now
 *
 * @typedef {object} Ticket
 * @property {string} ticket
 * @property {number} expiresIn seconds
 */

import { TICKET_LIFE_MS } from '../generated/shared.js';

/** A ticket is used only for this share of its life, so that it does not expire on its way. */
export const TICKET_SHARE = 0.8;

/** How long the ticket that came with a page is used. */
export const TICKET_LASTS_MS = TICKET_SHARE * TICKET_LIFE_MS;

const ANSWER_TIMEOUT_MS = 8_000;

export class Api {
  /**
   * @param {typeof fetch} fetch
   * @param {string|null} source the token of the link that the visitor came by
   */
  constructor(fetch, source) {
    this.fetch = fetch;
    this.source = source;
  }

  /** @returns {Promise<Ticket>} a fresh ticket, for one call */
  async issueTicket() {
    const from = this.source ? `?${new URLSearchParams({ from: this.source })}` : '';
    return this.get(`/api/ticket/${from}`, {});
  }

  /** @returns {Promise<string>} a fresh ticket that is used at once */
  async ticket() {
    return (await this.issueTicket()).ticket;
  }

  /**
   * @param {string} ticket
   * @returns {Promise<IceConfiguration>}
   */
  async ice(ticket) {
    return this.get('/api/ice/', { 'X-Call-Ticket': ticket });
  }

  /**
   * Stores a self-test's report on the server.
   *
   * @param {string} report JSON
   * @returns {Promise<{code: string}>} the code under which support finds it
   */
  async keepSelfTest(report) {
    const headers = { 'Content-Type': 'application/json' };
    return this.ask('/api/check/', { method: 'POST', headers, body: report });
  }

  /**
   * @param {string} path
   * @param {Record<string, string>} headers
   * @returns {Promise<any>}
   */
  async get(path, headers) {
    return this.ask(path, { method: 'GET', headers });
  }

  /**
   * @param {string} path
   * @param {RequestInit} request
   * @returns {Promise<any>} the answer's JSON
   * @throws {Error} there is no answer within 8 s, or it is an error
   */
  async ask(path, request) {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const response = await this.fetch(path, { ...request, cache: 'no-store', signal });
    if (!response.ok) throw new Error(`${request.method} ${path}: ${response.status}`);
    return response.json();
  }
}

/**
 * Returns the address and the subprotocols of the WebSocket for a ticket's call. The ticket is not in
 * the address, because proxies write that down.
 *
 * @param {string} ticket
 * @param {string} page URL of the page
 * @returns {[string, string[]]}
 */
export function socketTerms(ticket, page) {
  const url = new URL('/ws/call/', page);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return [url.href, ['voicedemo', `ticket.${ticket.replaceAll(':', '~')}`]];
}
