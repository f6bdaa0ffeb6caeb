/** Asking for the microphone, and what a refusal means. */

/** @type {MediaStreamConstraints} */
export const CONSTRAINTS = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: false,
};

/** Facebook's browser on Android, among others, never answers. */
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

const IN_APP = /FBAN|FBAV|FB_IAB|Instagram|LinkedInApp|Line\/|Snapchat|TikTok|BytedanceWebview|MicroMessenger|Twitter|Pinterest|; wv\)/;

/** The person cannot talk; `code` is in reasons.js. */
export class MicrophoneError extends Error {
  /**
   * @param {string} code
   * @param {string} [message]
   */
  constructor(code, message = code) {
    super(message);
    this.code = code;
  }
}

/**
 * @param {string} userAgent
 * @returns {boolean} whether this is a browser inside another app
 */
export function isInAppBrowser(userAgent) {
  return IN_APP.test(userAgent);
}

/**
 * What keeps this browser from a call before it is even tried; '' when nothing does.
 *
 * @param {{isSecureContext: boolean, RTCPeerConnection?: unknown, navigator: {mediaDevices?: unknown, userAgent: string}}} window
 * @returns {string} a reason code
 */
export function obstacle({ isSecureContext, RTCPeerConnection, navigator }) {
  if (!navigator.mediaDevices) {
    if (!isSecureContext) return 'insecure_origin';
    return isInAppBrowser(navigator.userAgent) ? 'in_app_browser' : 'no_webrtc';
  }
  return RTCPeerConnection ? '' : 'no_webrtc';
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
      stream.then(stop, () => {}); // permission given after we stopped waiting
      throw error;
    }
    const { name, message } = /** @type {Error} */ (error);
    const code = CODES[name] ?? 'mic_denied';
    // Where the app around has no microphone itself, nobody was asked.
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
