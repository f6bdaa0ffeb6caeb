/**
 * Remembers the call across a reload, and the way that connects across visits. Where storage is
 * forbidden, the page works without (docs/browsers.md#storage-forbidden).
 *
 * @typedef {import('../link/ice.js').IceWay} IceWay
 *
 * @typedef {object} Kept a call that a reloaded page may take up again
 * @property {string} callId
 * @property {string} token
 * @property {number} at epoch ms
 */

import { WAYS } from '../link/ice.js';
import { GRACE_MS } from '../generated/shared.js';

const CALL = 'voicedemo.call';
const WAY = 'voicedemo.way.';

/** Networks are repaired: after this time the usual way is tried first again. */
const WAY_LASTS_MS = 12 * 3_600_000;

export class Memory {
  /**
   * @param {() => Storage} session throws if the browser forbids it
   * @param {() => Storage} local the same
   * @param {() => number} now epoch ms
   */
  constructor(session, local, now) {
    this.session = session;
    this.local = local;
    this.now = now;
  }

  /**
   * @param {string} callId
   * @param {string} token
   */
  keepCall(callId, token) {
    write(this.session, CALL, { callId, token, at: this.now() });
  }

  forgetCall() {
    write(this.session, CALL, null);
  }

  /** @returns {Kept|null} null: none that the server may still have */
  keptCall() {
    const kept = read(this.session, CALL);
    return kept && this.now() - kept.at < GRACE_MS ? kept : null;
  }

  /**
   * @param {string} network
   * @param {IceWay} way
   */
  keepWay(network, way) {
    write(this.local, WAY + network, { way, at: this.now() });
  }

  /**
   * @param {string} network
   * @returns {IceWay|null} null: none is remembered
   */
  way(network) {
    const kept = read(this.local, WAY + network);
    if (!kept || this.now() - kept.at >= WAY_LASTS_MS || !WAYS.includes(kept.way)) return null;
    return kept.way;
  }
}

/**
 * @param {() => Storage} storage
 * @param {string} key
 * @returns {any}
 */
function read(storage, key) {
  try {
    return JSON.parse(storage().getItem(key) ?? 'null');
  } catch (error) {
    console.info('nothing remembered', error);
    return null;
  }
}

/**
 * @param {() => Storage} storage
 * @param {string} key
 * @param {object|null} value
 */
function write(storage, key, value) {
  try {
    if (value) storage().setItem(key, JSON.stringify(value));
    else storage().removeItem(key);
  } catch (error) {
    console.info('nothing to be remembered', error);
  }
}
