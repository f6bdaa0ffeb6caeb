// Keeps a copy of the page that says that there is no network. Nothing else is of use without one.

const CACHE = 'offline {{ version }}';
const PAGE = '{% url 'offline' %}';

addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.add(PAGE)));
  skipWaiting();
});

addEventListener('activate', (event) => {
  const old = (names) => names.filter((name) => name !== CACHE);
  event.waitUntil(
    caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))),
  );
});

addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.mode === 'navigate') {
    // With a network, a failure is the server's, and the browser reports it.
    const instead = (error) => (navigator.onLine ? Promise.reject(error) : caches.match(PAGE));
    event.respondWith(fetch(request).catch(instead));
  }
});
