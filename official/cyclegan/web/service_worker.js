// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/**
 * Keeps the page's files, so that it works without a network.
 *
 * Each version of the folder has a cache of its own, named in the file below,
 * which `export` writes: when that changes, browsers install the new version
 * beside the one in use, and drop the old one when it takes over. What is in
 * the folder does not change under a version's name, so that nothing is asked
 * for twice; a file that is not what the version's checksum says is neither
 * kept nor given to the page. Pictures are never kept, but for one that another
 * app shares, until the page has shown it.
 */

importScripts('offline_files.js');

const {version, files, integrity} = self.OFFLINE_FILES;
const SCOPE = self.registration.scope;
const NAME = `${SCOPE} ${version}`;
const SHARED = `${SCOPE} shared`;
const PAGE = 'index.html';

/** A file's path below the scope, as the list has it. */
function pathOf(address) {
  const {origin, pathname} = new URL(address, SCOPE);
  return `${origin}${pathname}`.slice(SCOPE.length) || PAGE;
}

/** A request that fails if the file is not this version's. */
function exactly(address) {
  const url = new URL(address, SCOPE);
  return new Request(
      url, {cache: 'no-cache', integrity: integrity[pathOf(url)]});
}

async function keep(addresses) {
  const cache = await caches.open(NAME);
  for (const address of addresses) {
    const url = new URL(address, SCOPE);
    if (url.href.startsWith(SCOPE) && pathOf(url) in integrity &&
        !await cache.match(url)) {
      await cache.add(exactly(url));
    }
  }
}

/** Caches of this folder's other versions; others may share the origin. */
async function oldCaches() {
  return (await caches.keys()).filter(
      (name) => name.startsWith(`${SCOPE} `) && ![NAME, SHARED].includes(name));
}

/** What older versions keep because a page has loaded it: models, runtime. */
async function keptBefore() {
  const found = [];
  for (const name of await oldCaches()) {
    const requests = await (await caches.open(name)).keys();
    found.push(...requests.map(({url}) => url));
  }
  return found;
}

self.addEventListener('install', (event) => {
  event.waitUntil(
      keptBefore().then((addresses) => keep([...files, ...addresses])));
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await oldCaches()) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener('message', (event) => {
  const {data, ports} = event;
  if (data.takeOver) event.waitUntil(self.skipWaiting());
  if (data.keep) {
    event.waitUntil(keep(data.keep).then(
        () => ports[0]?.postMessage('kept'),
        (error) => ports[0]?.postMessage(String(error))));
  }
});

async function answer(request) {
  const path = pathOf(request.url);
  const page = request.mode === 'navigate';
  if (page && path !== PAGE) return fetch(request);
  const cache = await caches.open(NAME);
  const wanted = page ? SCOPE : request.url;
  const kept = await cache.match(wanted, {ignoreSearch: true});
  if (kept || page || !(path in integrity)) return kept ?? fetch(request);
  return fetch(exactly(request.url)).catch((error) => explain(request, error));
}

/** Says why a file could not be had: none, no network, or another version's. */
async function explain({url}, error) {
  const there = await fetch(url, {method: 'HEAD', cache: 'no-store'})
      .catch(() => { throw error; });
  if (!there.ok) return there;
  self.registration.update().catch(() => {});
  return new Response(
      '', {status: 409, statusText: 'The file is of another version'});
}

/** Keeps a picture until the page, to which it leads, has read it. */
async function takeShared(request) {
  const pictures = (await request.formData()).getAll('picture');
  const [picture] = pictures;
  if (picture instanceof File) {
    const cache = await caches.open(SHARED);
    await cache.put(new URL('shared-picture', SCOPE), new Response(picture, {
      headers: {
        'X-Name': encodeURIComponent(picture.name),
        'X-Count': String(pictures.length),
      },
    }));
  }
  return Response.redirect('./?shared', 303);
}

self.addEventListener('fetch', (event) => {
  const {request} = event;
  if (!request.url.startsWith(SCOPE)) return;
  if (request.method === 'POST' && request.url === `${SCOPE}share`) {
    event.respondWith(takeShared(request));
  } else if (request.method === 'GET') {
    event.respondWith(answer(request));
  }
});
