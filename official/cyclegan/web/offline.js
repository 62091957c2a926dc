// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/**
 * Makes the page an app: installed, without a network, and opened by others.
 *
 * service_worker.js keeps the page's files; here is what the page does for it.
 */

const HOUR = 3600e3;

/** @return {Promise<Blob|null>} A picture that another app has shared. */
export async function sharedPicture() {
  if (!new URLSearchParams(location.search).has('shared')) return null;
  history.replaceState(null, '', './');
  const cache = await caches.open(`${new URL('./', location).href} shared`);
  const answer = await cache.match('shared-picture');
  await cache.delete('shared-picture');
  if (!answer) return null;
  const name = decodeURIComponent(answer.headers.get('X-Name') || 'shared');
  return new File([await answer.blob()], name);
}

/** Takes pictures that the system opens with this app. */
export function onOpenedFiles(open) {
  window.launchQueue?.setConsumer(async ({files}) => {
    if (files?.length) open(await files[0].getFile());
  });
}

/**
 * Shows the button that installs the app, where the browser offers it.
 *
 * @param {HTMLButtonElement} button Hidden as long as there is no offer.
 * @return {function()} Lets it be shown: browsers offer early, and once.
 */
export function offerInstallation(button) {
  let offer = null;
  let allowed = false;
  const update = () => {
    button.hidden = !allowed || !offer;
  };
  window.addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    offer = event;
    update();
  });
  button.addEventListener('click', () => {
    offer?.prompt();
    offer = null;
    update();
  });
  window.addEventListener('appinstalled', () => {
    offer = null;
    update();
  });
  return () => {
    allowed = true;
    update();
  };
}

/**
 * Keeps the page's files for days without a network.
 *
 * @param {HTMLButtonElement} button Shown when there is a new version.
 * @return {Promise<function(Array<string>)|null>} Keeps more files; null where
 *     browsers do not offer it, as from disk.
 */
export async function keepOffline(button) {
  const {serviceWorker} = navigator;
  if (!serviceWorker) return null;
  const registration = await serviceWorker.register('service_worker.js');
  const offerUpdate = () => {
    if (registration.waiting && serviceWorker.controller) button.hidden = false;
  };
  registration.addEventListener('updatefound', () => {
    registration.installing?.addEventListener('statechange', offerUpdate);
  });
  offerUpdate();
  let asked = false;
  button.addEventListener('click', () => {
    asked = true;
    registration.waiting?.postMessage({takeOver: true});
  });
  serviceWorker.addEventListener('controllerchange', () => {
    if (asked) location.reload();
  });
  setInterval(() => registration.update().catch(() => {}), HOUR);
  const {active} = await serviceWorker.ready;
  return (paths) => new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => resolve();
    active.postMessage({keep: paths}, [channel.port2]);
  });
}

/** @return {Array<string>} What this page has loaded from its own folder. */
export function loadedFiles() {
  const own = new URL('./', location).href;
  return performance.getEntriesByType('resource')
      .map((entry) => entry.name)
      .filter((name) => name.startsWith(own));
}
