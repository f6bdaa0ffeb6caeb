/**
 * The page's HTTP requests.
 *
 * @typedef {object} IceConfiguration
 * @property {RTCIceServer[]} iceServers
 * @property {number} ttl seconds
 * @property {boolean} [partial] there is more to come
 * @property {number} [at] when it came, ms; absent: now
 */

/** The server refuses older tickets after ten minutes. */
export const TICKET_LASTS_MS = 8 * 60_000;

/** A server that has not answered by then is not going to. */
const ANSWER_MS = 8_000;

export class Api {
  /**
   * @param {typeof fetch} fetch
   * @param {string|null} source the token of the link that led here
   */
  constructor(fetch, source) {
    this.fetch = fetch;
    this.source = source;
  }

  /** @returns {Promise<string>} a fresh ticket for one call */
  async ticket() {
    const from = this.source ? `?${new URLSearchParams({ from: this.source })}` : '';
    const answer = await this.get(`/api/ticket/${from}`, {});
    return answer.ticket;
  }

  /**
   * @param {string} ticket
   * @returns {Promise<IceConfiguration>}
   */
  async ice(ticket) {
    return this.get('/api/ice/', { 'X-Call-Ticket': ticket });
  }

  /**
   * @param {string} report of a self-test, as JSON
   * @returns {Promise<{code: string}>} under which support finds it
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
   * @returns {Promise<any>}
   */
  async ask(path, request) {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await this.fetch(path, { ...request, cache: 'no-store', signal });
    if (!response.ok) throw new Error(`${request.method} ${path}: ${response.status}`);
    return response.json();
  }
}

/**
 * @param {string} ticket
 * @returns {string} of the socket for its call
 */
export function socketUrl(ticket) {
  const url = new URL('/ws/call/', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  url.searchParams.set('ticket', ticket);
  return url.href;
}
