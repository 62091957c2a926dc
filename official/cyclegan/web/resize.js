// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/**
 * Bicubic resizing with anti-aliasing (Keys, a = -0.5), as training and the
 * command-line translator do it; a canvas's own resizing gives other pixels.
 */

const A = -0.5;
const RADIUS = 2;

function bicubic(x) {
  x = Math.abs(x);
  if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * A;
  return 0;
}

/** For each new pixel: where its old pixels begin, and their weights. */
function weights(oldSize, newSize) {
  const scale = oldSize / newSize;
  const stretch = Math.max(scale, 1);
  const support = RADIUS * stretch;
  const all = [];
  for (let i = 0; i < newSize; i++) {
    const center = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(oldSize, Math.trunc(center + support + 0.5));
    const values = new Float64Array(Math.max(end - first, 0));
    let sum = 0;
    for (let k = 0; k < values.length; k++) {
      values[k] = bicubic((first + k - center + 0.5) / stretch);
      sum += values[k];
    }
    for (let k = 0; k < values.length; k++) values[k] /= sum;
    all.push({first, values});
  }
  return all;
}

/**
 * Resizes `[height, width, channels]` values in [0, 255].
 *
 * @param {Uint8ClampedArray|Float32Array} pixels
 * @param {number} step From a pixel to the next one: 4 reads three channels of
 *     RGBA.
 * @return {Float32Array} Of the new size, clipped to [0, 255].
 */
export function resize(
    pixels, height, width, newHeight, newWidth, channels, step = channels) {
  const wide = channels === 3 ?
      acrossColours(pixels, height, width, newWidth, step) :
      acrossGrey(pixels, height, width, newWidth, step);
  const down = weights(height, newHeight);
  const row = newWidth * channels;
  const made = new Float32Array(newHeight * row);
  const sums = new Float64Array(row);
  for (let y = 0; y < newHeight; y++) {
    const {first, values} = down[y];
    sums.fill(0);
    for (let k = 0, at = first * row; k < values.length; k++, at += row) {
      const weight = values[k];
      for (let i = 0; i < row; i++) sums[i] += weight * wide[at + i];
    }
    for (let i = 0; i < row; i++) {
      made[y * row + i] = Math.min(255, Math.max(0, sums[i]));
    }
  }
  return made;
}

/**
 * Resizes the rows of `[height, width, 3 of step]`.
 *
 * Apart from `acrossGrey` for speed: one loop makes all three sums.
 */
function acrossColours(pixels, height, width, newWidth, step) {
  const across = weights(width, newWidth);
  const made = new Float32Array(height * newWidth * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < newWidth; x++) {
      const {first, values} = across[x];
      let red = 0;
      let green = 0;
      let blue = 0;
      let at = (y * width + first) * step;
      for (let k = 0; k < values.length; k++, at += step) {
        const weight = values[k];
        red += weight * pixels[at];
        green += weight * pixels[at + 1];
        blue += weight * pixels[at + 2];
      }
      const to = (y * newWidth + x) * 3;
      made[to] = red;
      made[to + 1] = green;
      made[to + 2] = blue;
    }
  }
  return made;
}

/** Resizes the rows of `[height, width, 1 of step]`. */
function acrossGrey(pixels, height, width, newWidth, step) {
  const across = weights(width, newWidth);
  const made = new Float32Array(height * newWidth);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < newWidth; x++) {
      const {first, values} = across[x];
      let sum = 0;
      let at = (y * width + first) * step;
      for (let k = 0; k < values.length; k++, at += step) {
        sum += values[k] * pixels[at];
      }
      made[y * newWidth + x] = sum;
    }
  }
  return made;
}
