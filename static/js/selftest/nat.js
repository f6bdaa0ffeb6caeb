/**
 * What kind of network this is, from the candidates the browser gathered with two STUN servers.
 *
 * @typedef {import('./gather.js').Found} Found
 * @typedef {Pick<Found, 'type'|'relatedAddress'|'relatedPort'> & {address: string}} Place
 *
 * @typedef {'open'|'cone'|'symmetric'|'hidden'|'unknown'} Nat
 *   open: the phone's own address is public; cone: one mapping for all destinations; symmetric: one
 *   for each (RFC 5780, 4.3: endpoint-independent mapping, or not); hidden: the browser gathers nothing
 *   at all; unknown: no STUN server has answered
 *
 * @typedef {object} Network
 * @property {Nat} nat
 * @property {boolean} ipv4 the phone has a way out over it
 * @property {boolean} ipv6
 * @property {boolean} isElsewhere the page's requests leave by another address than its packets
 */

/**
 * @param {Found[]} candidates
 * @param {string} pageAddress whence the server sees the page come; '' where that is not known
 * @returns {Network}
 */
export function describeNetwork(candidates, pageAddress) {
  const udp = candidates
    .filter(({ protocol }) => protocol === 'udp')
    .map(({ type, address, relatedAddress, relatedPort }) => {
      // Chromium puts IPv6 in brackets here.
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
    // IPv6 has an address for every day: another one of the same phone says nothing.
    isElsewhere:
      isPublic(pageAddress) && !isIpv6(pageAddress) && known.length > 0 && !known.includes(pageAddress),
  };
}

/**
 * A mapping that is the host candidate itself is not signalled, nor is the same mapping twice.
 *
 * @param {Place[]} hosts
 * @param {Place[]} mapped
 * @returns {Nat}
 */
function natOf(hosts, mapped) {
  if (!hosts.length && !mapped.length) return 'hidden';
  const ports = mappingsPerBase(mapped);
  // Where the browser hides which base a mapping is of, each host candidate may have had one.
  const most = ports.has('') ? Math.ceil(mapped.length / Math.max(1, hosts.length)) : Math.max(0, ...ports.values());
  if (most > 1) return 'symmetric';
  if (most === 1) return 'cone';
  return hosts.some(({ address }) => isPublic(address)) ? 'open' : 'unknown';
}

/**
 * @param {Place[]} mapped
 * @returns {Map<string, number>} how many each base has; '' is one that is not told
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
 * @returns {boolean} whether it is routed on the internet (RFC 6890); an mDNS name is none
 */
export function isPublic(address) {
  if (!address || address.endsWith('.local')) return false;
  if (isIpv6(address)) return /^[23]/.test(address);
  const [a, b] = address.split('.').map(Number);
  const isPrivate = a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168);
  const isShared = a === 100 && b >= 64 && b < 128;
  return !(isPrivate || isShared || a === 127 || (a === 169 && b === 254));
}
