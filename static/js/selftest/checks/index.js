/** The checks of the self-test, in the order of their lines on the page. */

import { browser } from './browser.js';
import { loudspeaker } from './loudspeaker.js';
import { microphone, permission } from './microphone.js';
import { network } from './network.js';
import { server } from './server.js';
import { wayCheck } from './way.js';

/** @type {readonly import('../runner.js').Check[]} */
export const CHECKS = [
  browser,
  permission,
  microphone,
  loudspeaker,
  server,
  network,
  wayCheck('direct'),
  wayCheck('udp'),
  wayCheck('tcp'),
  wayCheck('tls'),
  wayCheck('ice-tcp'),
];
