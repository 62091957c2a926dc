// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/**
 * Keeps the page's files, so that it works without a network.
 *
 * Each version of the folder has a cache of its own, named in the file below,
 * which `export` writes: when that changes, browsers install the new version
 * beside the one in use, and drop the old one when it takes over. What is in
 * the folder does not change under a version's name, so that nothing is asked
 * for twice. Pictures are never kept, but for one that another app shares,
 * until the page has read it.
 */

importScripts('offline_files.js');

const {version, files} = self.OFFLINE_FILES;
const SCOPE = self.registration.scope;
const NAME = `${SCOPE} ${version}`;
const SHARED = `${SCOPE} shared`;

async function keep(paths) {
  const cache = await caches.open(NAME);
  for (const path of paths) {
    const url = new URL(path, SCOPE);
    if (url.href.startsWith(SCOPE) && !await cache.match(url)) {
      await cache.add(new Request(url, {cache: 'no-cache'}));
    }
  }
}

self.addEventListener('install', (event) => {
  event.waitUntil(keep(files));
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      // Other apps may live on the same origin.
      if (name.startsWith(`${SCOPE} `) && ![NAME, SHARED].includes(name)) {
        await caches.delete(name);
      }
    }
    await self.clients.claim();
  })());
});

self.addEventListener('message', (event) => {
  const {data, ports} = event;
  if (data.takeOver) self.skipWaiting();
  if (data.keep) {
    event.waitUntil(
        keep(data.keep).finally(() => ports[0]?.postMessage('kept')));
  }
});

async function answer(request) {
  const cache = await caches.open(NAME);
  const wanted = request.mode === 'navigate' ? './' : request.url;
  return await cache.match(new URL(wanted, SCOPE), {ignoreSearch: true}) ??
      fetch(request);
}

/** Keeps a picture until the page, to which it leads, has read it. */
async function takeShared(request) {
  const picture = (await request.formData()).get('picture');
  if (picture instanceof File) {
    const cache = await caches.open(SHARED);
    await cache.put(new URL('shared-picture', SCOPE), new Response(picture, {
      headers: {'X-Name': encodeURIComponent(picture.name)},
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
