/**
 * Which of the offered ICE servers to use, for the page's `?ice=` switch.
 *
 * @typedef {'all'|'relay'|'tcp'|'tls'} IceWay
 */

/** @type {readonly string[]} */
export const WAYS = ['all', 'relay', 'tcp', 'tls'];

/**
 * @param {RTCIceServer[]} servers as the server gave them
 * @param {IceWay} way
 * @returns {RTCConfiguration}
 */
export function configurationFor(servers, way) {
  /** @type {RTCConfiguration} */
  const common = { bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' };
  if (way === 'all') return { ...common, iceServers: servers, iceTransportPolicy: 'all' };
  return {
    ...common,
    iceServers: servers.map((server) => keepUrls(server, way)).filter((server) => server.urls.length),
    iceTransportPolicy: 'relay',
  };
}

/**
 * @param {RTCIceServer} server
 * @param {IceWay} way
 * @returns {RTCIceServer}
 */
function keepUrls(server, way) {
  const urls = [server.urls].flat();
  return { ...server, urls: urls.filter((url) => fits(url, way)) };
}

/**
 * @param {string} url
 * @param {IceWay} way
 * @returns {boolean}
 */
function fits(url, way) {
  if (way === 'tls') return url.startsWith('turns:');
  if (way === 'tcp') return url.startsWith('turn:') && url.includes('transport=tcp');
  return url.startsWith('turn:') || url.startsWith('turns:');
}
