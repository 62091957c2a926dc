// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
// The page's words, in a file for each language.

const LANGUAGES = ['en', 'ko'];
let words = {};

export function language() {
  const chosen = localStorage.getItem('language');
  if (LANGUAGES.includes(chosen)) return chosen;
  const asked = (navigator.languages || []).map((l) => l.slice(0, 2));
  return asked.find((l) => LANGUAGES.includes(l)) || 'en';
}

export async function load() {
  const answer = await fetch(`/static/strings.${language()}.json`);
  words = await answer.json();
  document.documentElement.lang = language();
}

export function has(key) {
  return Object.hasOwn(words, key);
}

// Returns the words of a key; what stands in braces is put in as text.
export function t(key, values = {}) {
  const found = has(key) ? words[key] : key;
  return found.replace(/\{(\w+)\}/g, (all, name) =>
    Object.hasOwn(values, name) ? String(values[name]) : all);
}
