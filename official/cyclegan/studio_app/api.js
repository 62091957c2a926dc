// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
// What the server is asked, and what it says when it refuses.

import {fail} from './dom.js';
import {has, t} from './words.js';

export const url = (...parts) => '/' + parts.map(encodeURIComponent).join('/');

export class Refused extends Error {}

async function answered(answer) {
  const values = await answer.json().catch(() => ({}));
  if (answer.ok) return values;
  const key = `error.${values.code}`;
  throw new Refused(has(key) ? t(key, values.values)
                             : values.message || t('error.unexpected'));
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Refused(t('error.gone'));
  }
  return answered(answer);
}

export const get = (path) => ask(path, {});

export const post = (path, values = {}) => ask(path, {
  method: 'POST',
  headers: {'Content-Type': 'application/json'},
  body: JSON.stringify(values),
});

export const put = (path, file) => ask(path, {method: 'PUT', body: file});

export const remove = (path) => ask(path, {method: 'DELETE'});

// Does something and tells what was refused; returns null then.
export async function trying(what) {
  fail('');
  try {
    return await what();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    fail(error.message);
    return null;
  }
}

// Shows what a folder holds, whenever it changes, until the returned is called.
export function watch(path, show) {
  const source = new EventSource(path);
  let lost = false;
  source.onmessage = (event) => {
    if (lost) fail('');
    lost = false;
    show(JSON.parse(event.data));
  };
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) {
      // The server said no, or is away: look again soon.
      setTimeout(() => { if (!done) restart(); }, 2000);
    }
    if (!lost) fail(t('error.gone'));
    lost = true;
  };
  let done = false;
  let later = null;
  function restart() { later = watch(path, (v) => { fail(''); show(v); }); }
  return () => { done = true; source.close(); if (later) later(); };
}
