// Without a network there is no call: the one thing worth keeping is the page that says so.

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
    // A server that is down says so itself, or the browser does.
    const instead = (error) => (navigator.onLine ? Promise.reject(error) : caches.match(PAGE));
    event.respondWith(fetch(request).catch(instead));
  }
});
