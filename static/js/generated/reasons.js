/** Written by `manage.py contract` from wire/. Do not edit. */

/**
 * @typedef {object} Reason
 * @property {string} sentence what happened, for the person
 * @property {string} nextStep what they can do
 * @property {string} developer what happened, for a developer
 * @property {boolean} retryable whether "Try again" makes sense
 */

/** @type {Record<string, Reason>} */
export const REASONS = {
  mic_denied: {
    sentence: 'The microphone is switched off for this page.',
    nextStep: 'Allow it in your browser’s address bar or settings, then try again.',
    developer: 'getUserMedia: NotAllowedError',
    retryable: true,
  },
  mic_missing: {
    sentence: 'No microphone was found.',
    nextStep: 'Plug one in or use a phone, then try again.',
    developer: 'getUserMedia: NotFoundError',
    retryable: true,
  },
  mic_busy: {
    sentence: 'Another app is using your microphone.',
    nextStep: 'End other calls or recordings, then try again.',
    developer: 'getUserMedia: NotReadableError or AbortError',
    retryable: true,
  },
  mic_timeout: {
    sentence: 'Your browser is still waiting for permission.',
    nextStep: 'Allow the microphone when it asks, then try again.',
    developer: 'getUserMedia did not settle',
    retryable: true,
  },
  insecure_origin: {
    sentence: 'Browsers only allow calls on secure pages.',
    nextStep: 'Open this page with an address that begins with https://',
    developer: 'no mediaDevices: not a secure context',
    retryable: false,
  },
  in_app_browser: {
    sentence: 'This app’s built-in browser cannot use your microphone.',
    nextStep: 'Copy the link and open it in Safari or Chrome.',
    developer: 'in-app browser without a usable getUserMedia',
    retryable: false,
  },
  no_webrtc: {
    sentence: 'This browser cannot make calls.',
    nextStep: 'Open this page in an up-to-date Chrome, Safari, Firefox or Edge.',
    developer: 'no RTCPeerConnection',
    retryable: false,
  },
  server_unreachable: {
    sentence: 'We cannot reach the service right now.',
    nextStep: 'Check your connection, then try again.',
    developer: 'no WebSocket to the server',
    retryable: true,
  },
  network_blocked: {
    sentence: 'This network blocks calls.',
    nextStep: 'Switch from Wi-Fi to mobile data or back, then try again.',
    developer: 'ICE or DTLS did not connect in time',
    retryable: true,
  },
  no_relay: {
    sentence: 'This address asks for a relay, and there is none.',
    nextStep: 'Open the page without “ice=” in its address.',
    developer: 'no TURN server for the way that ?ice= asks for; see docs/settings.md',
    retryable: false,
  },
  relay_down: {
    sentence: 'The relay does not answer.',
    nextStep: 'Try again later, or on another network.',
    developer: 'no TURN server answers the bot or the page: run manage.py doctor',
    retryable: true,
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
    developer: 'no path for the whole grace period, or the bot no longer knows the call',
    retryable: true,
  },
  busy: {
    sentence: 'All lines are busy.',
    nextStep: 'Try again in a moment.',
    developer: 'admission limit reached (VOICEDEMO_MAX_CALLS)',
    retryable: true,
  },
  network_busy: {
    sentence: 'Too many calls come from this network.',
    nextStep: 'Switch to mobile data, or try again in a moment.',
    developer: 'all lines that one network may have are taken (signaling/admission.py)',
    retryable: true,
  },
  ticket_invalid: {
    sentence: 'This page is out of date.',
    nextStep: 'Reload it, then try again.',
    developer: 'the ticket was refused; after a change of SECRET_KEY, or from another origin',
    retryable: true,
  },
  bad_offer: {
    sentence: 'This browser and our service do not understand each other.',
    nextStep: 'Update your browser or use another one.',
    developer: 'the bot refused the offer',
    retryable: true,
  },
  server_stopping: {
    sentence: 'The service is restarting.',
    nextStep: 'Try again in a few seconds.',
    developer: 'the server is shutting down',
    retryable: true,
  },
  internal: {
    sentence: 'Something went wrong on our side.',
    nextStep: 'Try again; if it happens again, tell us.',
    developer: 'an unexpected fault; see the console and the server log',
    retryable: true,
  },
  hangup: {
    sentence: 'Call ended.',
    nextStep: 'Tap to talk again.',
    developer: 'the person hung up',
    retryable: true,
  },
  ended: {
    sentence: 'Call ended.',
    nextStep: 'Tap to talk again.',
    developer: 'the bot hung up',
    retryable: true,
  },
  time_limit: {
    sentence: 'This call reached its time limit.',
    nextStep: 'Tap to talk again.',
    developer: 'VOICEDEMO_MAX_CALL_S reached',
    retryable: true,
  },
  rejoin: {
    sentence: 'Your call is still open.',
    nextStep: 'Tap to go back to it.',
    developer: 'the page was reloaded during a call; the server keeps it for 60 s',
    retryable: false,
  },
  path_silent: {
    sentence: 'Reconnecting…',
    nextStep: 'Stay on this page; the call goes on by itself.',
    developer: 'no packets for 400 ms, on the page or at the bot: restarting ICE',
    retryable: false,
  },
  path_lost: {
    sentence: 'Reconnecting…',
    nextStep: 'Stay on this page; the call goes on by itself.',
    developer: 'ICE disconnected or failed: restarting ICE',
    retryable: false,
  },
  new_call: {
    sentence: 'Reconnecting…',
    nextStep: 'Stay on this page; we are calling again.',
    developer: 'the call could not be saved: another one on the same microphone',
    retryable: false,
  },
};
