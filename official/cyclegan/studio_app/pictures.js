// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.
// Pictures beside each other under a slider, and curves.

import {h} from './dom.js';
import {t} from './words.js';

const GAP = 2;  // pixels between the pictures of a grid
const STAGES = 4;  // in a row: input, translated, and back, identity

const loaded = new Map();

export function image(source) {
  if (!loaded.has(source)) {
    if (loaded.size > 60) loaded.delete(loaded.keys().next().value);
    loaded.set(source, new Promise((resolve, reject) => {
      const found = new Image();
      found.onload = () => resolve(found);
      found.onerror = () => { loaded.delete(source); reject(new Error(source)); };
      found.src = source;
    }));
  }
  return loaded.get(source);
}

// How many pictures a grid has, and how large they are.
function geometry(grid) {
  const size = (grid.naturalWidth + GAP) / STAGES - GAP;
  return {size, rows: Math.round((grid.naturalHeight + GAP) / (size + GAP))};
}

function cut(grid, row, column, label) {
  const {size} = geometry(grid);
  const canvas = h('canvas', {width: size, height: size, role: 'img',
                              'aria-label': label});
  const step = size + GAP;
  canvas.getContext('2d').drawImage(
    grid, column * step, row * step, size, size, 0, 0, size, size);
  return canvas;
}

// Two pictures, of which the slider of `split` says how much is seen.
export function pair(below, above, large = false) {
  above.classList.add('over');
  return h('div', {class: large ? 'frame large' : 'frame'}, below, above,
           h('div', {class: 'line', 'aria-hidden': 'true'}));
}

export function split(target, left, right, value = 50) {
  const set = (percent) => target.style.setProperty('--split', `${percent}%`);
  const input = h('input', {
    type: 'range', min: 0, max: 100, value, 'aria-label': t('slider'),
    oninput: () => set(input.value),
  });
  set(value);
  return h('label', {class: 'slider'}, h('span', {}, left), input,
           h('span', {}, right));
}

// The pictures of one direction in a grid, input below translation.
export async function samples(source, direction, counts) {
  const grid = await image(source);
  const {rows} = geometry(grid);
  const ofA = counts ? counts.A : rows / 2;
  const [from, to] = direction === 'AtoB' ? [0, ofA] : [ofA, rows];
  const found = [];
  for (let row = from; row < to; row++) {
    const n = row - from + 1;
    found.push(pair(cut(grid, row, 0, t('picture.before', {n})),
                    cut(grid, row, 1, t('picture.after', {n}))));
  }
  return found;
}

// What two runs make of the same input.
export async function compared(first, second, direction, counts) {
  const grids = [await image(first), await image(second)];
  const rows = Math.min(...grids.map((g) => geometry(g).rows));
  const ofA = counts ? counts.A : rows / 2;
  const [from, to] = direction === 'AtoB' ? [0, ofA] : [ofA, rows];
  const found = [];
  for (let row = from; row < to; row++) {
    const n = row - from + 1;
    found.push(pair(cut(grids[0], row, 1, t('compare.left', {n})),
                    cut(grids[1], row, 1, t('compare.right', {n}))));
  }
  return found;
}

const WIDTH = 320;
const HEIGHT = 150;
const EDGE = 8;

// Curves over the steps, one group in a drawing, as text for who cannot see.
export function curve(title, lines) {
  const points = lines.flatMap((line) => line.points);
  if (!lines.some((line) => line.points.length > 1)) return null;
  const [steps, values] = [0, 1].map((k) => points.map((p) => p[k]));
  const last = Math.max(...steps, 1);
  const [low, high] = [Math.min(...values, 0), Math.max(...values)];
  const across = (step) => EDGE + (step / last) * (WIDTH - 2 * EDGE);
  const up = (v) => HEIGHT - 22 -
    ((v - low) / (high - low || 1)) * (HEIGHT - 44);
  const short = (v) => Number(v.toPrecision(3)).toString();
  const ends = lines.map((line) =>
    `${line.name} ${short(line.points.at(-1)[1])}`);
  const said = ends.join(', ');
  return h('figure', {},
    h('svg', {class: 'curve', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img',
              'aria-label': `${title}: ${said}`},
      lines.map((line, i) => h('polyline', {
        class: `c${i % 4}`,
        points: line.points.map(([s, v]) =>
          `${across(s).toFixed(1)},${up(v).toFixed(1)}`).join(' '),
      })),
      h('text', {x: EDGE, y: 14}, short(high)),
      h('text', {x: EDGE, y: HEIGHT - 6}, short(low)),
      h('text', {x: WIDTH - EDGE, y: HEIGHT - 6, 'text-anchor': 'end'},
        t('steps', {n: last}))),
    h('figcaption', {}, `${title}: `, ends.map((text, i) =>
      h('span', {class: `key c${i % 4}`}, text))));
}

// A picture from the camera, as a file.
export async function camera(place, taken) {
  const stream = await navigator.mediaDevices.getUserMedia(
    {video: {facingMode: 'environment'}});
  const video = h('video', {playsinline: true, 'aria-label': t('camera')});
  video.muted = true;
  video.srcObject = stream;
  const stop = () => {
    stream.getTracks().forEach((track) => track.stop());
    place.replaceChildren();
  };
  const shoot = h('button', {type: 'button', class: 'main', id: 'shoot',
    onclick: () => {
      const canvas = h('canvas', {width: video.videoWidth,
                                  height: video.videoHeight});
      canvas.getContext('2d').drawImage(video, 0, 0);
      canvas.toBlob((blob) => {
        stop();
        taken(new File([blob], 'camera.jpg', {type: 'image/jpeg'}));
      }, 'image/jpeg', 0.95);
    }}, t('camera.take'));
  place.replaceChildren(video, h('div', {class: 'row'}, shoot,
    h('button', {type: 'button', onclick: stop}, t('camera.stop'))));
  await video.play();
  shoot.focus();
}
