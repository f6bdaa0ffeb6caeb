/**
 * Tells what kind of network this is from the candidates that the browser gathered with two STUN servers.
 *
 * @typedef {import('./gather.js').Found} Found
 * @typedef {Pick<Found, 'type'|'relatedAddress'|'relatedPort'> & {address: string}} Place
 *
 * @typedef {'open'|'cone'|'symmetric'|'hidden'|'unknown'} Nat
 *   open: the phone's own address is public; cone: one mapping for all destinations
 *   (endpoint-independent, RFC 5780, 4.3); symmetric: one mapping for each destination; hidden: the
 *   browser gathers nothing at all; unknown: no STUN server has answered
 *
 * @typedef {object} Network
 * @property {Nat} nat
 * @property {boolean} ipv4 whether the phone reaches the internet over IPv4
 * @property {boolean} ipv6 the same for IPv6
 * @property {boolean} isElsewhere the page's requests leave by another address than its packets
 */

/**
 * @param {Found[]} candidates
 * @param {string} pageAddress where the server sees the page come from; '' if that is not known
 * @returns {Network}
 */
export function describeNetwork(candidates, pageAddress) {
  const udp = candidates
    .filter(({ protocol }) => protocol === 'udp')
    .map(({ type, address, relatedAddress, relatedPort }) => {
      // Chromium puts IPv6 in brackets (docs/browsers.md#chromium-ipv6-brackets).
      return { type, address: address?.replace(/[[\]]/g, '') ?? '', relatedAddress, relatedPort };
    });
  const hosts = udp.filter(({ type }) => type === 'host');
  const mapped = udp.filter(({ type }) => type === 'srflx');
  const outside = [...mapped, ...hosts.filter(({ address }) => isPublic(address))];
  const addresses = outside.map(({ address }) => address);
  const isSameFamily = (/** @type {string} */ address) => isIpv6(address) === isIpv6(pageAddress);
  const known = addresses.filter(isSameFamily);
  return {
    nat: natOf(hosts, mapped),
    ipv4: addresses.some((address) => !isIpv6(address)),
    ipv6: addresses.some(isIpv6),
    // A phone has several IPv6 addresses (RFC 8981): a different one means nothing.
    isElsewhere: isPublic(pageAddress) && !isIpv6(pageAddress) && known.length > 0 && !known.includes(pageAddress),
  };
}

/**
 * Browsers do not report a mapping that equals its host candidate, nor the same mapping twice.
 *
 * @param {Place[]} hosts
 * @param {Place[]} mapped
 * @returns {Nat}
 */
function natOf(hosts, mapped) {
  if (!hosts.length && !mapped.length) return 'hidden';
  const ports = mappingsPerBase(mapped);
  // If the base of a mapping is hidden, each host candidate may have had one (docs/browsers.md#hidden-base).
  const most = ports.has('') ? Math.ceil(mapped.length / Math.max(1, hosts.length)) : Math.max(0, ...ports.values());
  if (most > 1) return 'symmetric';
  if (most === 1) return 'cone';
  return hosts.some(({ address }) => isPublic(address)) ? 'open' : 'unknown';
}

/**
 * @param {Place[]} mapped
 * @returns {Map<string, number>} the number of mappings of each base; '' stands for a hidden base
 */
function mappingsPerBase(mapped) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { relatedAddress, relatedPort } of mapped) {
    const base = relatedPort ? `${relatedAddress} ${relatedPort}` : '';
    counts.set(base, (counts.get(base) ?? 0) + 1);
  }
  return counts;
}

/**
 * @param {string} address
 * @returns {boolean}
 */
function isIpv6(address) {
  return address.includes(':');
}

/**
 * @param {string} address
 * @returns {boolean} whether it is routed on the internet (RFC 6890); false for an mDNS name
 */
export function isPublic(address) {
  if (!address || address.endsWith('.local')) return false;
  if (isIpv6(address)) return /^[23]/.test(address);
  const [a, b] = address.split('.').map(Number);
  const isPrivate = a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168);
  const isShared = a === 100 && b >= 64 && b < 128;
  return !(isPrivate || isShared || a === 127 || (a === 169 && b === 254));
}
