/**
 * The reasons why a call fails, ends or is interrupted, by their codes: what to tell the person, what
 * they can do, and one line for a developer. docs/networks.md lists the same codes.
 *
 * @typedef {object} Reason
 * @property {string} sentence for the person
 * @property {string} nextStep for the person
 * @property {boolean} retryable whether "Try again" makes sense
 * @property {string} developer one line
 */

/** @type {Record<string, Reason>} */
export const REASONS = {
  mic_denied: {
    sentence: 'The microphone is switched off for this page.',
    nextStep: 'Allow it in your browser’s address bar or settings, then try again.',
    retryable: true,
    developer: 'getUserMedia: NotAllowedError',
  },
  mic_missing: {
    sentence: 'No microphone was found.',
    nextStep: 'Plug one in or use a phone, then try again.',
    retryable: true,
    developer: 'getUserMedia: NotFoundError',
  },
  mic_busy: {
    sentence: 'Another app is using your microphone.',
    nextStep: 'End other calls or recordings, then try again.',
    retryable: true,
    developer: 'getUserMedia: NotReadableError or AbortError',
  },
  mic_timeout: {
    sentence: 'Your browser is still waiting for permission.',
    nextStep: 'Allow the microphone when it asks, then try again.',
    retryable: true,
    developer: 'getUserMedia did not settle',
  },
  insecure_origin: {
    sentence: 'Browsers only allow calls on secure pages.',
    nextStep: 'Open this page with an address that begins with https://',
    retryable: false,
    developer: 'no mediaDevices: not a secure context',
  },
  in_app_browser: {
    sentence: 'This app’s built-in browser cannot use your microphone.',
    nextStep: 'Copy the link and open it in Safari or Chrome.',
    retryable: false,
    developer: 'in-app browser without a usable getUserMedia',
  },
  no_webrtc: {
    sentence: 'This browser cannot make calls.',
    nextStep: 'Open this page in an up-to-date Chrome, Safari, Firefox or Edge.',
    retryable: false,
    developer: 'no RTCPeerConnection',
  },
  server_unreachable: {
    sentence: 'We cannot reach the service right now.',
    nextStep: 'Check your connection, then try again.',
    retryable: true,
    developer: 'no WebSocket to the server',
  },
  network_blocked: {
    sentence: 'This network blocks calls.',
    nextStep: 'Switch from Wi-Fi to mobile data or back, then try again.',
    retryable: true,
    developer: 'ICE or DTLS did not connect in time',
  },
  no_relay: {
    sentence: 'This address asks for a relay, and there is none.',
    nextStep: 'Open the page without “ice=” in its address.',
    retryable: false,
    developer: 'no TURN server for the way that ?ice= asks for; see docs/settings.md, STUN and TURN',
  },
  offline: {
    sentence: 'You are offline.',
    nextStep: 'Turn on Wi-Fi or mobile data, then try again.',
    developer: 'navigator.onLine is false',
    retryable: true,
  },
  call_lost: {
    sentence: 'The connection was lost.',
    nextStep: 'Check your connection, then call again.',
    retryable: true,
    developer: 'no path for the whole grace period, or the bot no longer knows the call',
  },
  busy: {
    sentence: 'All lines are busy.',
    nextStep: 'Try again in a moment.',
    retryable: true,
    developer: 'admission limit reached (VOICEDEMO_MAX_CALLS)',
  },
  ticket_invalid: {
    sentence: 'This page is out of date.',
    nextStep: 'Reload it, then try again.',
    retryable: true,
    developer: 'the ticket was refused; after a change of SECRET_KEY, or from another origin',
  },
  bad_offer: {
    sentence: 'This browser and our service do not understand each other.',
    nextStep: 'Update your browser or use another one.',
    retryable: true,
    developer: 'the bot refused the offer',
  },
  server_stopping: {
    sentence: 'The service is restarting.',
    nextStep: 'Try again in a few seconds.',
    retryable: true,
    developer: 'the server is shutting down',
  },
  internal: {
    sentence: 'Something went wrong on our side.',
    nextStep: 'Try again; if it happens again, tell us.',
    retryable: true,
    developer: 'an unexpected fault; see the console and the server log',
  },
  hangup: {
    sentence: 'Call ended.',
    nextStep: 'Tap to talk again.',
    retryable: true,
    developer: 'the person hung up',
  },
  ended: {
    sentence: 'Call ended.',
    nextStep: 'Tap to talk again.',
    retryable: true,
    developer: 'the bot hung up',
  },
  time_limit: {
    sentence: 'That was the longest call we can offer.',
    nextStep: 'Tap to talk again.',
    retryable: true,
    developer: 'VOICEDEMO_MAX_CALL_S reached',
  },
  rejoin: {
    sentence: 'Your call is still open.',
    nextStep: 'Tap to go back to it.',
    retryable: false,
    developer: 'the page was reloaded during a call; the server keeps it for 60 s',
  },
  path_silent: {
    sentence: 'Reconnecting…',
    nextStep: 'Stay on this page; the call goes on by itself.',
    retryable: false,
    developer: 'no packets for 400 ms, on the page or at the bot: restarting ICE',
  },
  path_lost: {
    sentence: 'Reconnecting…',
    nextStep: 'Stay on this page; the call goes on by itself.',
    retryable: false,
    developer: 'ICE disconnected or failed: restarting ICE',
  },
  new_call: {
    sentence: 'Reconnecting…',
    nextStep: 'Stay on this page; we are calling again.',
    retryable: false,
    developer: 'the call could not be saved: another one on the same microphone',
  },
};

/**
 * @param {string} code
 * @returns {Reason} `internal` if the code comes from a newer server
 */
export function reasonFor(code) {
  return REASONS[code] ?? REASONS.internal;
}
