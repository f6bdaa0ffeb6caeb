/**
 * What the self-test says, by stable code. Written from wire/selftest_sentences.py:
 * change it there.
 *
 * @typedef {'good'|'warning'|'bad'|'skipped'} Status
 * @typedef {Record<string, {sentence: string, nextStep: string}>} Sentences
 */

/** @type {Record<string, string>} */
export const STATUSES = {
  waiting: 'Not checked yet',
  running: 'Checking…',
  good: 'Fine',
  warning: 'Worth a look',
  bad: 'Not working',
  skipped: 'Skipped',
};

/** @type {Record<string, string>} */
export const TITLES = {
  browser: 'Browser',
  microphone: 'Microphone',
  loudspeaker: 'Loudspeaker',
  server: 'Our server',
  network: 'Your network',
  direct: 'Direct calls (UDP)',
  udp: 'Calls through a relay (UDP)',
  tcp: 'Calls through a relay (TCP)',
  tls: 'Calls through a relay (TLS)',
  'ice-tcp': 'Direct calls (TCP)',
};

/** @type {Sentences} */
export const BROWSER = {
  browser_fine: {
    sentence: 'It can make calls.',
    nextStep: '',
  },
};

/** @type {Sentences} */
export const MICROPHONE = {
  mic_good: {
    sentence: 'It hears you.',
    nextStep: '',
  },
  mic_quiet: {
    sentence: 'It hears you, but faintly.',
    nextStep: 'Hold it closer, or turn it up.',
  },
  mic_distorted: {
    sentence: 'It hears you, but distorted.',
    nextStep: 'Hold it farther away, or turn it down.',
  },
  mic_silent: {
    sentence: 'We heard nobody.',
    nextStep: 'Check again and say something while it listens.',
  },
  mic_muted: {
    sentence: 'It is completely silent: something has muted it.',
    nextStep: 'Look for a mute switch on your headset and in your phone’s settings.',
  },
  mic_unheard: {
    sentence: 'It was found, but this browser does not let us listen to it here.',
    nextStep: '',
  },
};

/** @type {Sentences} */
export const LOUDSPEAKER = {
  speaker_heard: {
    sentence: 'You hear us.',
    nextStep: '',
  },
  speaker_unheard: {
    sentence: 'You do not hear us.',
    nextStep: 'Turn the volume up, and check which loudspeaker or headset is selected.',
  },
  speaker_unanswered: {
    sentence: 'You did not say whether you heard the two notes.',
    nextStep: '',
  },
};

/** @type {Sentences} */
export const SERVER = {
  server_fine: {
    sentence: 'It answers after {ms} ms.',
    nextStep: '',
  },
};

/** @type {Sentences} */
export const NETWORK = {
  net_open: {
    sentence: 'No router in between: your address is public.',
    nextStep: '',
  },
  net_cone: {
    sentence: 'A router that lets calls through.',
    nextStep: '',
  },
  net_symmetric: {
    sentence: 'A strict router (symmetric NAT): some calls need a relay.',
    nextStep: '',
  },
  net_unknown: {
    sentence: 'We could not find out what kind it is.',
    nextStep: 'No STUN server answered. Calls may still work: see below.',
  },
  net_hidden: {
    sentence: 'Your browser hides it from us.',
    nextStep: 'A setting or an extension of the browser forbids direct calls, so calls need a relay.',
  },
  net_elsewhere: {
    sentence: '',
    nextStep: 'Pages and calls use different addresses. Is a VPN on? Turn it off if calls sound bad.',
  },
};

/** @type {Sentences} */
export const WAY = {
  way_works: {
    sentence: 'Works: {rtt} ms, {loss} % lost, quality {mos} of 5.',
    nextStep: '',
  },
  way_poor: {
    sentence: 'Works poorly: {rtt} ms, {loss} % lost, quality {mos} of 5.',
    nextStep: '',
  },
  way_blocked: {
    sentence: 'Nothing gets through.',
    nextStep: '',
  },
  way_silent: {
    sentence: 'It connects, but no sound gets through.',
    nextStep: '',
  },
  way_no_relay: {
    sentence: 'The relay does not answer.',
    nextStep: '',
  },
  way_refused: {
    sentence: 'The relay refuses us.',
    nextStep: 'That is our fault. Please send us the code above.',
  },
  way_unset: {
    sentence: 'There is no such relay here.',
    nextStep: '',
  },
};

/** @type {Sentences} */
export const VERDICTS = {
  fine_direct: {
    sentence: 'You’re fine: calls connect directly.',
    nextStep: 'You can call now.',
  },
  fine_relay: {
    sentence: 'You’re fine: calls connect through a relay.',
    nextStep: 'You can call now.',
  },
  fine_detour: {
    sentence: 'Calls will work, but this network blocks the fastest way.',
    nextStep: 'You can call now. Mobile data may sound better.',
  },
  poor: {
    sentence: 'Calls will connect, but sound bad here.',
    nextStep: 'Move closer to the Wi-Fi router, or switch to mobile data.',
  },
  microphone: {
    sentence: 'Your network is fine, but your microphone is not.',
    nextStep: 'You can read below what to do about it.',
  },
  loudspeaker: {
    sentence: 'Your network is fine, but you do not hear us.',
    nextStep: 'You can read below what to do about it.',
  },
};
