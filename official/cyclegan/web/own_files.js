// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/** Loads files of the page's own folder, or says in words why not. */

/** What service_worker.js answers where a file is of another version. */
const OTHER_VERSION = 409;

/**
 * @param {string} path As seen from the page.
 * @return {Promise<Response>} One that is all right.
 * @throws {Error} If the file is not to be had.
 */
export async function load(path) {
  let answer;
  try {
    answer = await fetch(path, {cache: 'no-cache'});
  } catch {
    throw new Error(`${path} cannot be loaded. Is there a network?`);
  }
  if (answer.status === OTHER_VERSION) {
    throw new Error(
        'there is a newer version of this page. Reload it with the button ' +
        'that appears');
  }
  if (!answer.ok) {
    throw new Error(
        `${path} cannot be loaded: the server answers ${answer.status}`);
  }
  return answer;
}
