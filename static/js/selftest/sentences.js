/** What the self-test says, by stable code; those of reasons.js are said in its words. */

/** @type {Record<string, string>} */
export const TITLES = {
  browser: 'Browser',
  microphone: 'Microphone',
  loudspeaker: 'Loudspeaker',
  server: 'Our server',
  network: 'Your network',
  direct: 'Calls straight through (UDP)',
  udp: 'Calls through a relay (UDP)',
  tcp: 'Calls through a relay (TCP)',
  tls: 'Calls through a relay (TLS)',
  'ice-tcp': 'Calls straight through (TCP)',
};

/** @type {Record<string, string>} */
export const FOUND = {
  browser_fine: 'It can make calls.',
  mic_good: 'It hears you.',
  mic_quiet: 'It hears you, but faintly.',
  mic_distorted: 'It hears you, but distorted.',
  mic_silent: 'We heard nobody.',
  mic_muted: 'It is completely silent: something has muted it.',
  mic_unheard: 'It is there. This browser does not let us listen to it here.',
  speaker_heard: 'You hear us.',
  speaker_unheard: 'You do not hear us.',
  speaker_unanswered: 'You have not said whether you hear the two notes.',
  server_fine: 'It answers after {ms} ms.',
  net_open: 'No router in between: your address is public.',
  net_cone: 'A router that lets calls through.',
  net_symmetric: 'A strict router (symmetric NAT): some calls need a relay.',
  net_unknown: 'We could not find out what it is like.',
  net_hidden: 'Your browser hides it from us.',
  way_works: 'Works: {rtt} ms, {loss} % lost, quality {mos} of 5.',
  way_poor: 'Works badly: {rtt} ms, {loss} % lost, quality {mos} of 5.',
  way_blocked: 'Nothing gets through.',
  way_silent: 'It connects, but no sound gets through.',
  way_no_relay: 'The relay does not answer.',
  way_refused: 'The relay refuses us.',
  way_unset: 'There is no such relay here.',
};

/** What to do about it. @type {Record<string, string>} */
export const ADVICE = {
  mic_quiet: 'Hold it closer, or turn it up.',
  mic_distorted: 'Hold it further away, or turn it down.',
  mic_silent: 'Check again and say something while it listens.',
  mic_muted: 'Look for a mute switch on your headset, and in the settings of your phone.',
  speaker_unheard: 'Turn the volume up, and look which loudspeaker or headset is chosen.',
  net_unknown: 'No STUN server has answered. Calls may work all the same: see below.',
  net_hidden: 'A setting or an extension of the browser forbids direct calls; they need a relay.',
  net_elsewhere: 'Pages and calls leave by different addresses: is a VPN on? Try without, if calls sound bad.',
  way_refused: 'That is our fault. Please send us the code above.',
};

/** @type {Record<string, string>} */
export const VERDICTS = {
  fine_direct: 'You’re fine: calls go straight through.',
  fine_relay: 'You’re fine: calls will go through a relay.',
  fine_detour: 'Calls will work, by a detour: this network blocks the fast way.',
  poor: 'Calls will connect, but sound bad here.',
  microphone: 'Your network is fine, but your microphone is not.',
  loudspeaker: 'Your network is fine, but you do not hear us.',
};

/** @type {Record<string, string>} */
export const NEXT_STEPS = {
  fine_direct: 'You can call now.',
  fine_relay: 'You can call now.',
  fine_detour: 'You can call now. Mobile data may sound better.',
  poor: 'Go closer to the Wi-Fi, or switch to mobile data.',
  microphone: 'See below what to do about it.',
  loudspeaker: 'See below what to do about it.',
};
