/**
 * What the checks of one self-test share: the tools of the page and the browser, and what earlier checks
 * have opened or learned.
 *
 * @typedef {import('./trial.js').Tools & {
 *   api: import('../link/api.js').Api,
 *   audio: AudioContext,
 *   obstacle: () => string,
 *   openMicrophone: () => Promise<MediaStream>,
 *   onLevel: (level: number) => void,
 *   askHeard: () => Promise<boolean|null>,
 * }} Tools
 *   onLevel: of the microphone, 0 to 1; askHeard: whether the person heard two notes, null without an answer
 */

import { stop } from '../call/microphone.js';

export class Context {
  /** Set by the check of the permission. @type {MediaStream|null} */
  microphone = null;
  /** Set by the check of the server. @type {RTCIceServer[]} */
  iceServers = [];
  /** Where the server sees the page come from; '' if that is not known. Set by the same check. */
  pageAddress = '';
  /** @type {{stream: MediaStream, end: () => void}|null} */
  silence = null;

  /**
   * @param {string} ticket for the requests that need one; ways fetch tickets of their own
   * @param {Tools} tools
   */
  constructor(ticket, tools) {
    this.ticket = ticket;
    this.tools = tools;
  }

  /** @returns {MediaStream} what the test calls send, so that no way waits for the microphone */
  silentStream() {
    return (this.silence ??= silence(this.tools.audio)).stream;
  }

  close() {
    if (this.microphone) stop(this.microphone);
    this.silence?.end();
  }
}

/**
 * @param {AudioContext} audio
 * @returns {{stream: MediaStream, end: () => void}}
 */
function silence(audio) {
  const destination = audio.createMediaStreamDestination();
  const source = audio.createConstantSource();
  source.offset.value = 0;
  source.connect(destination);
  source.start();
  const end = () => {
    source.stop();
    stop(destination.stream);
  };
  return { stream: destination.stream, end };
}
