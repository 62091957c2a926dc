// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/**
 * Makes the page an app: installed, without a network, and opened by others.
 *
 * service_worker.js keeps the page's files; here is what the page does for it.
 */

const HOUR = 3600e3;
/** Milliseconds; a worker whose place another has taken never answers. */
const PATIENCE = 300e3;
/** Milliseconds until a worker that does not take over is told again. */
const AGAIN = 2e3;

/**
 * Takes what another app has shared.
 *
 * @return {Promise<{file: File, count: number, done: function()}|null>} `done`
 *     is to be called when it is shown: as long as it is not, opening the same
 *     address again gives it again. `count` says of how many it was one.
 */
export async function sharedPicture() {
  if (!new URLSearchParams(location.search).has('shared')) return null;
  const cache = await caches.open(`${new URL('./', location).href} shared`);
  const done = async () => {
    history.replaceState(null, '', './');
    await cache.delete('shared-picture');
  };
  const answer = await cache.match('shared-picture');
  if (!answer) {
    await done();
    return null;
  }
  const name = decodeURIComponent(answer.headers.get('X-Name') || 'shared');
  const count = Number(answer.headers.get('X-Count')) || 1;
  return {file: new File([await answer.blob()], name), count, done};
}

/** Takes pictures that the system opens with this app. */
export function onOpenedFiles(open) {
  window.launchQueue?.setConsumer(({files}) => open([...files ?? []]));
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
 * @return {Promise<function(Array<string>): Promise<boolean>|null>} Keeps more
 *     files, and says whether it has; null where browsers do not offer it, as
 *     from disk.
 * @throws {Error} If the files cannot be kept.
 */
export async function keepOffline(button) {
  const {serviceWorker} = navigator;
  if (!serviceWorker) return null;
  const registration = await serviceWorker.register(
      'service_worker.js', {updateViaCache: 'none'});
  offerUpdates(registration, button);
  await activation(registration);
  lookForUpdates(registration);
  return (paths) => askToKeep(registration.active, paths);
}

/**
 * Looks for a new version: now, each hour, and when it is seen again.
 *
 * Browsers look when a page is opened, but not again if that look failed, nor
 * when an app comes back to the front, as it does for weeks on a phone.
 */
function lookForUpdates(registration) {
  const look = () => registration.update().catch(() => {});  // no network
  look();
  setInterval(look, HOUR);
  window.addEventListener('online', look);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) look();
  });
}

/** Shows the button as long as this page is not of the newest version. */
function offerUpdates(registration, button) {
  const {serviceWorker} = navigator;
  const offer = () => {
    if (registration.waiting && serviceWorker.controller) button.hidden = false;
  };
  const observe = () => {
    registration.installing?.addEventListener('statechange', offer);
  };
  registration.addEventListener('updatefound', observe);
  observe();
  offer();
  button.disabled = false;  // Firefox restores it when it loads a page again
  button.addEventListener('click', () => {
    if (!registration.waiting) {
      location.reload();  // another window has let it take over
    } else {
      button.disabled = true;
      const ask = () => registration.waiting?.postMessage({takeOver: true});
      ask();
      // Chromium waits until the worker in use has nothing to do, five minutes
      // at most; it has been seen to miss that, and looks when asked again.
      setInterval(ask, AGAIN);
    }
  });
  let controlled = Boolean(serviceWorker.controller);
  serviceWorker.addEventListener('controllerchange', () => {
    if (button.disabled) location.reload();
    else if (controlled) button.hidden = false;
    controlled = true;
  });
}

/** Waits until there is a worker; it gives up if a file cannot be kept. */
function activation(registration) {
  return new Promise((resolve, reject) => {
    const worker = registration.installing ?? registration.waiting;
    const look = () => {
      if (registration.active) resolve();
      else if (!worker || worker.state === 'redundant') {
        reject(new Error('its files could not all be loaded'));
      }
    };
    worker?.addEventListener('statechange', look);
    look();
  });
}

/** Lets a worker keep files; false if it has not, or does not answer. */
function askToKeep(worker, paths) {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = ({data}) => resolve(data === 'kept');
    setTimeout(() => resolve(false), PATIENCE);
    if (worker) worker.postMessage({keep: paths}, [channel.port2]);
    else resolve(false);
  });
}

/** @return {Array<string>} What this page has loaded from its own folder. */
export function loadedFiles() {
  const own = new URL('./', location).href;
  return performance.getEntriesByType('resource')
      .map((entry) => entry.name)
      .filter((name) => name.startsWith(own));
}
