/** Shows the call on a phone's lock screen, and takes a headset's buttons (W3C Media Session). */

/**
 * @param {MediaSession|undefined} session navigator.mediaSession
 * @param {string} title
 * @param {Record<string, () => void>} actions handlers, by the names of the actions in that specification
 */
export function showCall(session, title, actions) {
  if (!session) return;
  session.metadata = new MediaMetadata({ title });
  session.playbackState = 'playing';
  for (const [name, act] of Object.entries(actions)) handle(session, name, act);
}

/**
 * @param {MediaSession|undefined} session
 * @param {Record<string, () => void>} actions the same as were shown
 */
export function hideCall(session, actions) {
  if (!session) return;
  session.metadata = null;
  session.playbackState = 'none';
  for (const name of Object.keys(actions)) handle(session, name, null);
}

/**
 * @param {MediaSession} session
 * @param {string} name
 * @param {(() => void)|null} act
 */
function handle(session, name, act) {
  try {
    session.setActionHandler(/** @type {MediaSessionAction} */ (name), act);
  } catch (error) {
    // This browser does not know the button (docs/browsers.md#lock-screen-buttons).
    console.info(name, error);
  }
}
