/**
 * Reports what happens to the page and may cost a call its path: the network changes; the page goes to
 * the background, is frozen there, or comes back.
 *
 * @typedef {object} LifecycleEvents
 * @property {(reason: string) => void} onHint the path may be gone, or about to go
 * @property {(hidden: boolean) => void} onVisibility
 * @property {() => void} onLeave the page is closed, reloaded or put into the back/forward cache
 * @property {() => void} onRestored it comes back out of that cache without its sockets
 *   (docs/browsers.md#back-forward-cache)
 *
 * @typedef {EventTarget & {type?: string}} Connection navigator.connection
 */

/** Without the kind of network, new estimates look like changes (docs/browsers.md#estimates-are-changes). */
const ESTIMATES_MS = 10_000;

/**
 * @param {Window} window
 * @param {LifecycleEvents} events
 * @param {import('../lib/clock.js').Clock} clock
 */
export function watchLifecycle(window, events, clock) {
  const { document, navigator } = window;
  window.addEventListener('online', () => events.onHint('network_changed'));
  window.addEventListener('pagehide', () => events.onLeave());
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) events.onRestored();
  });
  document.addEventListener('visibilitychange', () => events.onVisibility(document.visibilityState === 'hidden'));
  document.addEventListener('resume', () => events.onHint('page_frozen'));
  const connection = /** @type {{connection?: Connection}} */ (navigator).connection;
  if (connection) watchConnection(connection, () => events.onHint('network_changed'), clock);
}

/**
 * Tells changes of the network apart from new estimates of its speed.
 *
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
