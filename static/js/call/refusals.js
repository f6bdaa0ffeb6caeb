/**
 * What an error from the server means for a call.
 *
 * @typedef {'restart'|'lost'|'spend-ticket'|'renew-ticket'|'fail'|'ignore'} Consequence
 *   restart: restart ICE; lost: the server no longer has the call; spend-ticket: the next call needs
 *   another ticket; renew-ticket: start over with another ticket; fail: the call ends with this reason
 */

import { isComingUp, isLive } from './call.js';

/** After these another ticket helps. */
const NEEDS_TICKET = new Set(['ticket_expired', 'ticket_used', 'ticket_invalid']);
/** These do not end a call that is coming up. All others do. */
const HARMLESS = new Set(['bad_message', 'too_large', 'unknown_generation', 'no_call']);

/**
 * @param {string} code the error's code
 * @param {import('./call.js').Call} call
 * @param {boolean} hasNewTicket whether the ticket was renewed already
 * @returns {Consequence}
 */
export function consequenceOf(code, call, hasNewTicket) {
  if (code === 'heartbeat_lost') return 'restart';
  if (code === 'call_unknown') return 'lost';
  // The server has ended the call, whatever its state was.
  if (code === 'internal' && isLive(call.state)) return 'fail';
  const needsTicket = NEEDS_TICKET.has(code);
  if (needsTicket && !isLive(call.state)) return 'spend-ticket';
  if (!isComingUp(call) || HARMLESS.has(code)) return 'ignore';
  return needsTicket && !hasNewTicket ? 'renew-ticket' : 'fail';
}
