// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/**
 * Brings what a model changed in a small copy of a picture to the picture's
 * full size, along its own edges: `guided_upsampling.py` in JavaScript, which
 * says how and why. Tests compare the two.
 */

const DEVIATION = 2;
const EPSILON = 1e-3;
/** How many deviations the window reaches. */
const REACH = 2.5;

/** Half of a window, from its middle. */
function halfWindow(deviation) {
  const half = [];
  for (let k = 0; k <= REACH * deviation; k++) {
    half.push(Math.exp(-((k / deviation) ** 2) / 2));
  }
  return half;
}

/** For each place 1 over the weights that lie inside the picture. */
function scales(half, size) {
  const made = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let total = half[0];
    for (let k = 1; k < half.length; k++) {
      total += (i >= k ? half[k] : 0) + (i + k < size ? half[k] : 0);
    }
    made[i] = 1 / total;
  }
  return made;
}

/** Averages planes of `[size, size]` in place; at borders what is inside. */
function smooth(planes, size, half) {
  const scale = scales(half, size);
  const reach = half.length - 1;
  const line = new Float32Array(size + 2 * reach);  // with a border of zeros
  const turned = new Float32Array(size * size);
  for (let start = 0; start < planes.length; start += size * size) {
    const plane = planes.subarray(start, start + size * size);
    smoothAndTurn(plane, turned, size, half, scale, line);
    smoothAndTurn(turned, plane, size, half, scale, line);
  }
}

/** Averages across, and exchanges rows and columns. */
function smoothAndTurn(from, made, size, half, scale, line) {
  const reach = half.length - 1;
  for (let y = 0; y < size; y++) {
    line.set(from.subarray(y * size, (y + 1) * size), reach);
    for (let x = 0; x < size; x++) {
      const at = x + reach;
      let sum = half[0] * line[at];
      for (let k = 1; k <= reach; k++) {
        sum += half[k] * (line[at - k] + line[at + k]);
      }
      made[x * size + y] = sum * scale[x];
    }
  }
}

/** Means of the four pixels that become one, `[size / 2, size / 2, channels]`. */
function halved(values, size, channels) {
  const half = size / 2;
  const made = new Float32Array(half * half * channels);
  const row = size * channels;
  for (let y = 0, at = 0; y < half; y++) {
    for (let x = 0; x < half; x++) {
      for (let c = 0; c < channels; c++, at++) {
        const from = 2 * (y * row + x * channels) + c;
        made[at] = (values[from] + values[from + channels] +
                    values[from + row] + values[from + row + channels]) / 4;
      }
    }
  }
  return made;
}

/**
 * Fits the affine map of colours around each pixel.
 *
 * @param {Float32Array} guide The small picture, `[size, size, channels]`, 1 or
 *     3 channels.
 * @param {Float32Array} change What is added to it; both in [0, 1].
 * @param {number} deviation Of the window, pixels.
 * @return {Float32Array} `[channels + 1, channels, size, size]`: the factors of
 *     the guide's channels, and the offset.
 */
export function coefficients(
    guide, change, size, channels, deviation = DEVIATION) {
  const n = channels;
  const count = size * size;
  const half = halfWindow(deviation);
  // Planes: the guide, the change, and the products of the guide's channels
  // with each other (each pair once) and with the change's.
  const own = (i, j) => 2 * n + j * (j + 1) / 2 + i;  // i <= j
  const shared = (i, j) => own(0, n) + i * n + j;
  const planes = new Float32Array(shared(n, 0) * count);
  const plane = (k) => planes.subarray(k * count, (k + 1) * count);
  for (let i = 0; i < n; i++) {
    const mean = plane(i);
    const meanChange = plane(n + i);
    for (let p = 0; p < count; p++) {
      mean[p] = guide[p * n + i];
      meanChange[p] = change[p * n + i];
    }
  }
  const multiply = (made, one, other) => {
    for (let p = 0; p < count; p++) made[p] = one[p] * other[p];
  };
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (i <= j) multiply(plane(own(i, j)), plane(i), plane(j));
      multiply(plane(shared(i, j)), plane(i), plane(n + j));
    }
  }
  smooth(planes, size, half);

  const made = new Float32Array((n + 1) * n * count);
  const variance = (i, j, p) =>
      planes[own(i, j) * count + p] -
      planes[i * count + p] * planes[j * count + p];
  const inverse = new Float64Array(9);
  for (let p = 0; p < count; p++) {
    if (n === 1) {
      inverse[0] = 1 / (variance(0, 0, p) + EPSILON);
    } else {
      invert(
          variance(0, 0, p) + EPSILON, variance(0, 1, p), variance(0, 2, p),
          variance(1, 1, p) + EPSILON, variance(1, 2, p),
          variance(2, 2, p) + EPSILON, inverse);
    }
    for (let j = 0; j < n; j++) {
      const meanChange = planes[(n + j) * count + p];
      let offset = meanChange;
      for (let i = 0; i < n; i++) {
        let factor = 0;
        for (let k = 0; k < n; k++) {
          factor += inverse[i * n + k] *
              (planes[shared(k, j) * count + p] -
               planes[k * count + p] * meanChange);
        }
        made[(i * n + j) * count + p] = factor;
        offset -= planes[i * count + p] * factor;
      }
      made[(n * n + j) * count + p] = offset;
    }
  }
  smooth(made, size, half);
  return made;
}

/** Inverts the matrix a b c, b d e, c e f, of positive determinant. */
function invert(a, b, c, d, e, f, made) {
  const first = d * f - e * e;
  const second = c * e - b * f;
  const third = b * e - c * d;
  const scale = 1 / (a * first + b * second + c * third);
  made[0] = first * scale;
  made[1] = made[3] = second * scale;
  made[2] = made[6] = third * scale;
  made[4] = (a * f - c * c) * scale;
  made[5] = made[7] = (b * c - a * e) * scale;
  made[8] = (a * d - b * b) * scale;
}

/**
 * Does as `coefficients` at half the size, in a sixth of the time.
 *
 * The fast guided filter's own way (He and Sun 2015): for a camera's frames.
 *
 * @return {{maps: Float32Array, mapSize: number}}
 */
export function fastCoefficients(guide, change, size, channels) {
  if (size % 2) {
    return {maps: coefficients(guide, change, size, channels), mapSize: size};
  }
  const maps = coefficients(
      halved(guide, size, channels), halved(change, size, channels), size / 2,
      channels, DEVIATION / 2);
  return {maps, mapSize: size / 2};
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

/** What a model changed: its result, clipped to [0, 1], less what it saw. */
export function changeOf(made, guide) {
  return made.map((v, i) => Math.min(Math.max(v, 0), 1) - guide[i]);
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
  return applyMaps(rgba, height, width, maps, size, channels);
}

/**
 * Adds to each pixel what the maps around it make of its colour.
 *
 * @param {Uint8ClampedArray} rgba As for `addChange`; only `rows` rows from
 *     `top` on, if these are given.
 * @param {Float32Array} maps Of `coefficients`, `[size, size]` each.
 * @return {Uint8ClampedArray} Of the size of `rgba`.
 */
export function applyMaps(
    rgba, height, width, maps, size, channels, top = 0, rows = height) {
  const length = (channels + 1) * channels;
  const down = places(size, height);
  const across = places(size, width);
  const made = new Uint8ClampedArray(rgba.length);
  // The maps of a row, and what they grow by from one place to the next.
  const row = new Float32Array(size * length);
  const growth = new Float32Array(size * length);
  for (let y = top; y < top + rows; y++) {
    const above = down.before[y] * size;
    const below = Math.min(down.before[y] + 1, size - 1) * size;
    const share = down.share[y];
    for (let k = 0; k < length; k++) {
      const start = k * size * size;
      for (let x = 0, at = k; x < size; x++, at += length) {
        row[at] = (1 - share) * maps[start + above + x] +
            share * maps[start + below + x];
      }
    }
    for (let i = 0; i < row.length - length; i++) {
      growth[i] = row[i + length] - row[i];
    }
    const start = (y - top) * width * 4;
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
