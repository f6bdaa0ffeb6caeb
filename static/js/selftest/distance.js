/**
 * Measures how far away the server is over a WebSocket.
 *
 * @typedef {object} Distance
 * @property {number} ms the median round trip
 * @property {string} address where the server sees the page come from; '' if that is not known
 */

import { percentile } from '../lib/percentile.js';

const PINGS = 5;
export const PATIENCE_MS = 8_000;

/**
 * @param {WebSocket} socket just opened; closed afterwards
 * @param {import('../lib/clock.js').Clock} clock
 * @returns {Promise<Distance|null>} null: the server cannot be reached
 */
export async function measureServer(socket, clock) {
  /** @type {number[]} */
  const times = [];
  let address = '';
  const measured = () => (times.length > 0 ? { ms: percentile(times, 0.5), address } : null);
  const ping = () => socket.send(JSON.stringify({ type: 'ping', at: clock.now() }));
  const distance = await new Promise((resolve) => {
    socket.onclose = () => resolve(measured());
    clock.setTimeout(() => resolve(measured()), PATIENCE_MS);
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === 'pong') {
        times.push(clock.now() - message.at);
        address = message.address;
      }
      if (times.length === PINGS) resolve(measured());
      else if (message.type === 'ready' || message.type === 'pong') ping();
    };
  });
  socket.close();
  return distance;
}
