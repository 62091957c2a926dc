// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/** Changes between a canvas's pixels, RGBA, and what models take and give. */

/** Makes all levels those of a grey picture, in Pillow's integers (BT.601). */
export function makeGrey(rgba) {
  for (let at = 0; at < rgba.length; at += 4) {
    rgba[at] = rgba[at + 1] = rgba[at + 2] =
        (19595 * rgba[at] + 38470 * rgba[at + 1] + 7471 * rgba[at + 2] +
         32768) >> 16;
  }
}

/**
 * Makes opaque pixels of levels.
 *
 * @param {ArrayLike<number>} levels `[count, channels]` in [0, 255].
 * @param {number} channels 1 or 3.
 * @return {Uint8ClampedArray} `[count, 4]`, rounded.
 */
export function toRgba(levels, channels) {
  const count = levels.length / channels;
  const made = new Uint8ClampedArray(count * 4);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) {
      made[4 * i + c] = levels[channels === 3 ? 3 * i + c : i];
    }
    made[4 * i + 3] = 255;
  }
  return made;
}
