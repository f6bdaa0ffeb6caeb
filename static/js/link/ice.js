/**
 * The ways a call can take, and the ICE configuration for each. STUN and TURN URLs are read here only.
 *
 * - `all`: whatever ICE finds.
 * - `direct`: UDP without the page's relays.
 * - `relay`: any TURN server; `udp`, `tcp`, `tls`: a TURN server that the browser reaches over that.
 * - `ice-tcp`: the bot's own TCP port (RFC 6544).
 *
 * @typedef {'all'|'direct'|'relay'|'udp'|'tcp'|'tls'|'ice-tcp'} IceWay
 */

/** @type {readonly IceWay[]} */
export const WAYS = ['all', 'direct', 'relay', 'udp', 'tcp', 'tls', 'ice-tcp'];

/** The order in which the ways are tried when `all` does not connect. @type {readonly IceWay[]} */
export const LADDER = ['all', 'udp', 'tcp', 'tls', 'ice-tcp'];

/** @type {readonly IceWay[]} */
const RELAYED = ['udp', 'tcp', 'tls'];

/** The ways around a network that cripples UDP, the likeliest first. @type {readonly IceWay[]} */
export const WITHOUT_UDP = ['tls', 'tcp', 'ice-tcp'];

/**
 * @param {RTCIceServer[]} servers
 * @returns {IceWay[]} the rungs of the ladder that exist with these servers
 */
export function rungs(servers) {
  return LADDER.filter((way) => exists(way, servers));
}

/**
 * @param {IceWay} way
 * @param {RTCIceServer[]} servers
 * @returns {boolean} whether a call can try this way: a relay needs a TURN server for it
 */
export function exists(way, servers) {
  return !isRelay(way) || servers.some((server) => urls(server, way).length);
}

/**
 * @param {IceWay|null} way null: any
 * @param {RTCIceServer[]} servers
 * @returns {IceWay[]} the protocols over which the way reaches a TURN server
 */
export function relayed(way, servers) {
  const isOpen = !way || way === 'relay';
  return RELAYED.filter((one) => (isOpen || one === way) && exists(one, servers));
}

/**
 * @param {RTCIceServer[]} servers
 * @returns {boolean} whether there is a TURN server among them
 */
export function hasRelay(servers) {
  return exists('relay', servers);
}

/**
 * @param {RTCIceServer[]} servers the list from the server
 * @param {IceWay} way
 * @returns {RTCConfiguration}
 */
export function configurationFor(servers, way) {
  /** @type {RTCConfiguration} */
  const common = { bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' };
  if (way === 'all' || way === 'ice-tcp') {
    return { ...common, iceServers: servers, iceTransportPolicy: 'all' };
  }
  return {
    ...common,
    iceServers: servers
      .map((server) => ({ ...server, urls: urls(server, way) }))
      .filter((server) => server.urls.length),
    iceTransportPolicy: isRelay(way) ? 'relay' : 'all',
  };
}

/**
 * Returns the URL of the TURN server for a protocol; there is at most one for each. In Firefox nothing
 * else names the server of a relayed candidate (docs/browsers.md#firefox-relay-url).
 *
 * @param {RTCIceServer[]} servers
 * @param {'udp'|'tcp'|'tls'} protocol
 * @returns {string} '' if there is none
 */
export function relayUrl(servers, protocol) {
  return servers.flatMap((server) => urls(server, protocol))[0] ?? '';
}

/**
 * Returns whether a candidate of either side belongs to a way. `direct` and `ice-tcp` cannot be
 * configured in the browser; instead, candidates of the other transport are not passed on.
 *
 * @param {string} candidate
 * @param {IceWay} way
 * @returns {boolean}
 */
export function fits(candidate, way) {
  if (way !== 'ice-tcp' && way !== 'direct') return true;
  const isTcp = /^(a=)?candidate:\S+ \d+ tcp /i.test(candidate);
  return isTcp === (way === 'ice-tcp');
}

/**
 * @param {string} sdp
 * @param {IceWay} way
 * @returns {string} the SDP without candidates that do not belong to the way
 */
export function keepFitting(sdp, way) {
  const keep = (/** @type {string} */ line) => !line.startsWith('a=candidate:') || fits(line, way);
  return sdp.split('\r\n').filter(keep).join('\r\n');
}

/**
 * @param {IceWay} way
 * @returns {boolean} whether it needs a TURN server
 */
export function isRelay(way) {
  return way !== 'all' && way !== 'direct' && way !== 'ice-tcp';
}

/**
 * @param {RTCIceServer} server
 * @param {IceWay} way
 * @returns {string[]} the URLs of this server that the way uses
 */
function urls(server, way) {
  return [server.urls].flat().filter((url) => leads(url, way));
}

/**
 * @param {string} url the URL of a STUN or TURN server (RFC 7064, RFC 7065)
 * @param {IceWay} way
 * @returns {boolean} whether the way uses it
 */
function leads(url, way) {
  if (way === 'direct') return url.startsWith('stun');
  if (way === 'tls') return url.startsWith('turns:');
  const overTcp = url.includes('transport=tcp');
  if (way === 'tcp') return url.startsWith('turn:') && overTcp;
  if (way === 'udp') return url.startsWith('turn:') && !overTcp;
  return url.startsWith('turn:') || url.startsWith('turns:');
}
