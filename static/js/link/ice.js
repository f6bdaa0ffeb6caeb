/**
 * The ways a call can take, and what each of them lets the browser use. `relay` is any relay; `udp`,
 * `tcp` and `tls` are how the browser reaches it; `direct` is UDP without a relay of the page's, and
 * `ice-tcp` the bot's own TCP port (RFC 6544).
 *
 * @typedef {'all'|'direct'|'relay'|'udp'|'tcp'|'tls'|'ice-tcp'} IceWay
 */

/** @type {readonly IceWay[]} */
export const WAYS = ['all', 'direct', 'relay', 'udp', 'tcp', 'tls', 'ice-tcp'];

/** What to try one after the other, where everything at once has led nowhere. @type {readonly IceWay[]} */
export const LADDER = ['all', 'udp', 'tcp', 'tls', 'ice-tcp'];

/** Past a network that cripples UDP, the likeliest first. @type {readonly IceWay[]} */
export const WITHOUT_UDP = ['tls', 'tcp', 'ice-tcp'];

/**
 * @param {RTCIceServer[]} servers
 * @returns {IceWay[]} the rungs of the ladder that exist with these servers
 */
export function rungs(servers) {
  return LADDER.filter((way) => !isRelay(way) || servers.some((server) => urls(server, way).length));
}

/**
 * @param {RTCIceServer[]} servers as the server gave them
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
 * Firefox does not say which server a relayed candidate is of; there is at most one for each protocol.
 *
 * @param {RTCIceServer[]} servers
 * @param {'udp'|'tcp'|'tls'} protocol
 * @returns {string} '' where there is none
 */
export function relayUrl(servers, protocol) {
  return servers.flatMap((server) => urls(server, protocol))[0] ?? '';
}

/**
 * Whether a candidate, of either side, is of this way. The browser cannot be configured to `direct`
 * and `ice-tcp`: candidates of the other transport are kept from the other side instead.
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
 * @returns {string} without the candidates that are not of this way
 */
export function keepFitting(sdp, way) {
  const keep = (/** @type {string} */ line) => !line.startsWith('a=candidate:') || fits(line, way);
  return sdp.split('\r\n').filter(keep).join('\r\n');
}

/**
 * @param {IceWay} way
 * @returns {boolean}
 */
export function isRelay(way) {
  return way !== 'all' && way !== 'direct' && way !== 'ice-tcp';
}

/**
 * @param {RTCIceServer} server
 * @param {IceWay} way
 * @returns {string[]}
 */
function urls(server, way) {
  return [server.urls].flat().filter((url) => leads(url, way));
}

/**
 * @param {string} url
 * @param {IceWay} way
 * @returns {boolean} whether the server of this URL is of any use to it
 */
function leads(url, way) {
  if (way === 'direct') return url.startsWith('stun');
  if (way === 'tls') return url.startsWith('turns:');
  const overTcp = url.includes('transport=tcp');
  if (way === 'tcp') return url.startsWith('turn:') && overTcp;
  if (way === 'udp') return url.startsWith('turn:') && !overTcp;
  return url.startsWith('turn:') || url.startsWith('turns:');
}
