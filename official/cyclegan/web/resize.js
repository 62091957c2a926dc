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
 * @param {ArrayLike<number>} pixels
 * @return {Float32Array} Of the new size, clipped to [0, 255].
 */
export function resize(pixels, height, width, newHeight, newWidth, channels) {
  const across = weights(width, newWidth);
  const wide = new Float32Array(height * newWidth * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < newWidth; x++) {
      const {first, values} = across[x];
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        let at = (y * width + first) * channels + c;
        for (let k = 0; k < values.length; k++, at += channels) {
          sum += values[k] * pixels[at];
        }
        wide[(y * newWidth + x) * channels + c] = sum;
      }
    }
  }
  const down = weights(height, newHeight);
  const row = newWidth * channels;
  const made = new Float32Array(newHeight * row);
  for (let y = 0; y < newHeight; y++) {
    const {first, values} = down[y];
    for (let i = 0; i < row; i++) {
      let sum = 0;
      for (let k = 0, at = first * row + i; k < values.length; k++, at += row) {
        sum += values[k] * wide[at];
      }
      made[y * row + i] = Math.min(255, Math.max(0, sum));
    }
  }
  return made;
}
