/**
 * What happens around the page that may cost a call its path: the network changes, the page goes to
 * the background, is frozen there, or comes back.
 *
 * @typedef {object} SurroundingsEvents
 * @property {(reason: string) => void} onHint the path may be gone, or about to go
 * @property {(hidden: boolean) => void} onVisibility
 * @property {() => void} onLeave the page is closed, reloaded or put into the back/forward cache
 * @property {() => void} onRestored it comes out of that cache: its sockets are gone
 *
 * @typedef {EventTarget & {type?: string}} Connection navigator.connection
 */

/** Where a browser does not name the kind of network, it announces mere estimates just the same. */
const ESTIMATES_MS = 10_000;

/**
 * @param {Window} window
 * @param {SurroundingsEvents} events
 * @param {import('../lib/clock.js').Clock} clock
 */
export function watchSurroundings(window, events, clock) {
  const { document, navigator } = window;
  window.addEventListener('online', () => events.onHint('network_changed'));
  window.addEventListener('pagehide', () => events.onLeave());
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) events.onRestored();
  });
  document.addEventListener('visibilitychange', () =>
    events.onVisibility(document.visibilityState === 'hidden'),
  );
  document.addEventListener('resume', () => events.onHint('page_frozen'));
  const connection = /** @type {{connection?: Connection}} */ (navigator).connection;
  if (connection) watchConnection(connection, () => events.onHint('network_changed'), clock);
}

/**
 * @param {Connection} connection
 * @param {() => void} changed
 * @param {import('../lib/clock.js').Clock} clock
 */
function watchConnection(connection, changed, clock) {
  let { type } = connection;
  let heardAt = -Infinity;
  connection.addEventListener('change', () => {
    const now = clock.now();
    const another = type === undefined ? now - heardAt >= ESTIMATES_MS : connection.type !== type;
    type = connection.type;
    if (!another) return;
    heardAt = now;
    changed();
  });
}
