// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
// Elements without markup: what names and messages hold is always text.

const SVG = 'http://www.w3.org/2000/svg';
const SVG_TAGS = new Set(['svg', 'polyline', 'line', 'text']);

export function h(tag, given = {}, ...children) {
  const svg = SVG_TAGS.has(tag);
  const element = svg ? document.createElementNS(SVG, tag)
                      : document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children.flat(2)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

// A place on the page that is made anew only if what it shows has changed.
// What was open, and where the focus was, stays so.
export function place(build) {
  const node = h('div');
  let shown = null;
  return {
    node,
    show(...values) {
      const now = JSON.stringify(values);
      if (now === shown) return;
      shown = now;
      const focus = node.contains(document.activeElement)
        ? document.activeElement.id : '';
      const open = new Set(
        [...node.querySelectorAll('details[open]')].map((d) => d.dataset.key));
      node.replaceChildren(...[build(...values)].flat(2).filter(Boolean));
      for (const details of node.querySelectorAll('details')) {
        if (open.has(details.dataset.key)) details.open = true;
      }
      if (focus) document.getElementById(focus)?.focus();
    },
  };
}

let hide = 0;
let clear = 0;

// What was just done; it goes by itself, before it is no longer true.
export function say(text) {
  const place = document.getElementById('status');
  place.textContent = text;
  clearTimeout(clear);
  if (text) clear = setTimeout(() => { place.textContent = ''; }, 10000);
}

export function fail(text) {
  const place = document.getElementById('error');
  place.textContent = text;
  place.hidden = !text;
  clearTimeout(hide);
  if (text) hide = setTimeout(() => { place.hidden = true; }, 20000);
}
