/** Opens the microphone, and explains why it cannot be opened. */

import { CallError } from './errors.js';

/** @type {MediaStreamConstraints} */
export const CONSTRAINTS = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: false,
};

/** Some browsers inside other apps never answer (docs/browsers.md#in-app-never-answers). */
export const ANSWER_MS = 30_000;

/** @type {Record<string, string>} */
const CODES = {
  NotAllowedError: 'mic_denied',
  SecurityError: 'mic_denied',
  NotFoundError: 'mic_missing',
  OverconstrainedError: 'mic_missing',
  NotReadableError: 'mic_busy',
  AbortError: 'mic_busy',
};

const IN_APP =
  /FBAN|FBAV|FB_IAB|Instagram|LinkedInApp|Line\/|Snapchat|TikTok|BytedanceWebview|MicroMessenger|Twitter|Pinterest|; wv\)/;

/** There is no microphone for this call. */
export class MicrophoneError extends CallError {}

/**
 * @param {string} userAgent
 * @returns {boolean} whether this is a browser inside another app
 */
export function isInAppBrowser(userAgent) {
  return IN_APP.test(userAgent);
}

/**
 * Returns why this browser cannot make a call at all. Without HTTPS it has no microphone
 * (docs/browsers.md#secure-context).
 *
 * @param {object} browser the window
 * @param {boolean} browser.isSecureContext
 * @param {unknown} [browser.RTCPeerConnection]
 * @param {{mediaDevices?: unknown, userAgent: string}} browser.navigator
 * @returns {string} a reason code; '' if it can
 */
export function obstacle(browser) {
  const { mediaDevices, userAgent } = browser.navigator;
  if (!mediaDevices) {
    if (!browser.isSecureContext) return 'insecure_origin';
    return isInAppBrowser(userAgent) ? 'in_app_browser' : 'no_webrtc';
  }
  return browser.RTCPeerConnection ? '' : 'no_webrtc';
}

/**
 * @param {Pick<MediaDevices, 'getUserMedia'>} devices
 * @param {string} userAgent
 * @param {import('../lib/clock.js').Clock} clock
 * @returns {Promise<MediaStream>}
 * @throws {MicrophoneError}
 */
export async function openMicrophone(devices, userAgent, clock) {
  /** @type {any} */
  let timer;
  const patience = new Promise((_, reject) => {
    timer = clock.setTimeout(() => {
      reject(new MicrophoneError(isInAppBrowser(userAgent) ? 'in_app_browser' : 'mic_timeout'));
    }, ANSWER_MS);
  });
  const stream = devices.getUserMedia(CONSTRAINTS);
  try {
    return /** @type {MediaStream} */ (await Promise.race([stream, patience]));
  } catch (error) {
    if (error instanceof MicrophoneError) {
      stream.then(stop, () => {}); // the person allows it after all
      throw error;
    }
    const { name, message } = /** @type {Error} */ (error);
    const code = CODES[name] ?? 'mic_denied';
    // The person may not have been asked (docs/browsers.md#in-app-never-answers).
    const isOfApp = code === 'mic_denied' && isInAppBrowser(userAgent);
    throw new MicrophoneError(isOfApp ? 'in_app_browser' : code, `${name}: ${message}`);
  } finally {
    clock.clearTimeout(timer);
  }
}

/** @param {MediaStream} stream */
export function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}
