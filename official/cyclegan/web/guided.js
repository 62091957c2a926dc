// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/**
 * Brings what a model changed in a small copy of a picture to the picture's
 * full size, along its own edges: `guided_upsampling.py` in JavaScript, which
 * says how and why. Tests compare the two.
 */

const DEVIATION = 2;
const REACH = 5;
const EPSILON = 1e-3;
const WINDOW = [];
for (let k = -REACH; k <= REACH; k++) {
  WINDOW.push(Math.exp(-((k / DEVIATION) ** 2) / 2));
}

/** Averages `[size, size, channels]` by WINDOW; at borders what is inside. */
function smoothed(values, size, channels) {
  let from = values;
  for (const step of [size * channels, channels]) {
    const made = new Float32Array(values.length);
    for (let i = 0; i < size * size; i++) {
      const at = step === channels ? i % size : Math.floor(i / size);
      const first = Math.max(-REACH, -at);
      const last = Math.min(REACH, size - 1 - at);
      let total = 0;
      for (let k = first; k <= last; k++) total += WINDOW[k + REACH];
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = first; k <= last; k++) {
          sum += WINDOW[k + REACH] * from[i * channels + c + k * step];
        }
        made[i * channels + c] = sum / total;
      }
    }
    from = made;
  }
  return from;
}

/** Products of each pixel's channels: of `one` down, of `other` across. */
function products(one, other, channels) {
  const count = one.length / channels;
  const made = new Float32Array(count * channels * channels);
  for (let p = 0, at = 0; p < count; p++) {
    for (let i = 0; i < channels; i++) {
      for (let j = 0; j < channels; j++) {
        made[at++] = one[p * channels + i] * other[p * channels + j];
      }
    }
  }
  return made;
}

/** Solves `own x = shared`, both `[n, n]` from `at` on, into `shared`. */
function solve(own, shared, at, n) {
  // `own` is symmetric and positive: elimination needs no exchange of rows.
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = own[at + i * n + k] / own[at + k * n + k];
      for (let j = 0; j < n; j++) {
        own[at + i * n + j] -= factor * own[at + k * n + j];
        shared[at + i * n + j] -= factor * shared[at + k * n + j];
      }
    }
  }
  for (let k = 0; k < n; k++) {
    for (let j = 0; j < n; j++) shared[at + k * n + j] /= own[at + k * n + k];
  }
}

/**
 * Fits the affine map of colours around each pixel.
 *
 * @param {Float32Array} guide The small picture, `[size, size, channels]`.
 * @param {Float32Array} change What is added to it; both in [0, 1].
 * @return {Float32Array} `[size, size, channels + 1, channels]`: the factors of
 *     the guide's channels, and the offset.
 */
export function coefficients(guide, change, size, channels) {
  const n = channels;
  const meanGuide = smoothed(guide, size, n);
  const meanChange = smoothed(change, size, n);
  const own = Float64Array.from(
      smoothed(products(guide, guide, n), size, n * n));
  const shared = Float64Array.from(
      smoothed(products(guide, change, n), size, n * n));
  const ownMeans = products(meanGuide, meanGuide, n);
  const sharedMeans = products(meanGuide, meanChange, n);
  for (let i = 0; i < own.length; i++) {
    own[i] -= ownMeans[i];
    shared[i] -= sharedMeans[i];
  }
  for (let at = 0; at < own.length; at += n * n) {
    for (let i = 0; i < n; i++) own[at + i * n + i] += EPSILON;
    solve(own, shared, at, n);
  }
  const length = (n + 1) * n;
  const made = new Float32Array(size * size * length);
  for (let p = 0, at = 0; p < size * size; p++, at += length) {
    for (let i = 0; i < n * n; i++) made[at + i] = shared[p * n * n + i];
    for (let j = 0; j < n; j++) {
      let offset = meanChange[p * n + j];
      for (let i = 0; i < n; i++) {
        offset -= meanGuide[p * n + i] * made[at + i * n + j];
      }
      made[at + n * n + j] = offset;
    }
  }
  return smoothed(made, size, length);
}

/** The old place before each new pixel, and how far it is behind that. */
function places(small, large) {
  const before = new Int32Array(large);
  const share = new Float32Array(large);
  for (let i = 0; i < large; i++) {
    const place = Math.min(
        Math.max((i + 0.5) * small / large - 0.5, 0), small - 1);
    before[i] = Math.min(Math.floor(place), Math.max(small - 2, 0));
    share[i] = place - before[i];
  }
  return {before, share};
}

/**
 * Adds the change of a small copy to a picture.
 *
 * @param {Uint8ClampedArray} rgba The picture, `[height, width, 4]`, opaque;
 *     grey where `channels` is 1.
 * @param {Float32Array} guide The small picture, `[size, size, channels]`, in
 *     [0, 1].
 * @param {Float32Array} change What the model added to it.
 * @return {Uint8ClampedArray} `[height, width, 4]`.
 */
export function addChange(rgba, height, width, guide, change, size, channels) {
  const maps = coefficients(guide, change, size, channels);
  const length = (channels + 1) * channels;
  const down = places(size, height);
  const across = places(size, width);
  const made = new Uint8ClampedArray(rgba.length);
  // The maps of a row, and what they grow by from one place to the next.
  const row = new Float32Array(size * length);
  const growth = new Float32Array(size * length);
  for (let y = 0; y < height; y++) {
    const above = down.before[y] * size * length;
    const below = Math.min(down.before[y] + 1, size - 1) * size * length;
    const share = down.share[y];
    for (let i = 0; i < row.length; i++) {
      row[i] = (1 - share) * maps[above + i] + share * maps[below + i];
    }
    for (let i = 0; i < row.length - length; i++) {
      growth[i] = row[i + length] - row[i];
    }
    const start = y * width * 4;
    if (channels === 3) {
      colourRow(rgba, made, start, width, across, row, growth);
    } else {
      greyRow(rgba, made, start, width, across, row, growth);
    }
  }
  return made;
}

function colourRow(rgba, made, start, width, across, row, growth) {
  const {before, share} = across;
  let x = 0;
  while (x < width) {
    const place = before[x];
    const m = 12 * place;
    const a0 = row[m], a1 = row[m + 1], a2 = row[m + 2];
    const a3 = row[m + 3], a4 = row[m + 4], a5 = row[m + 5];
    const a6 = row[m + 6], a7 = row[m + 7], a8 = row[m + 8];
    const a9 = row[m + 9], a10 = row[m + 10], a11 = row[m + 11];
    const d0 = growth[m], d1 = growth[m + 1], d2 = growth[m + 2];
    const d3 = growth[m + 3], d4 = growth[m + 4], d5 = growth[m + 5];
    const d6 = growth[m + 6], d7 = growth[m + 7], d8 = growth[m + 8];
    const d9 = growth[m + 9], d10 = growth[m + 10], d11 = growth[m + 11];
    for (; x < width && before[x] === place; x++) {
      const at = start + 4 * x;
      const f = share[x];
      const r = rgba[at];
      const g = rgba[at + 1];
      const b = rgba[at + 2];
      made[at] = r + r * (a0 + f * d0) + g * (a3 + f * d3) +
          b * (a6 + f * d6) + 255 * (a9 + f * d9);
      made[at + 1] = g + r * (a1 + f * d1) + g * (a4 + f * d4) +
          b * (a7 + f * d7) + 255 * (a10 + f * d10);
      made[at + 2] = b + r * (a2 + f * d2) + g * (a5 + f * d5) +
          b * (a8 + f * d8) + 255 * (a11 + f * d11);
      made[at + 3] = 255;
    }
  }
}

function greyRow(rgba, made, start, width, across, row, growth) {
  for (let x = 0; x < width; x++) {
    const at = start + 4 * x;
    const m = 2 * across.before[x];
    const f = across.share[x];
    const level = rgba[at];
    const value = level + level * (row[m] + f * growth[m]) +
        255 * (row[m + 1] + f * growth[m + 1]);
    made[at] = made[at + 1] = made[at + 2] = value;
    made[at + 3] = 255;
  }
}
