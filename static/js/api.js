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
   */
  constructor(fetch) {
    this.fetch = fetch;
  }

  /** @returns {Promise<string>} a fresh ticket for one call */
  async ticket() {
    const answer = await this.get('/api/ticket/', {});
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
   * @param {string} path
   * @param {Record<string, string>} headers
   * @returns {Promise<any>}
   */
  async get(path, headers) {
    const response = await this.fetch(path, {
      headers,
      cache: 'no-store',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status}`);
    return response.json();
  }
}
