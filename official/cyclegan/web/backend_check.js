// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/**
 * Finds out whether a graphics processor computes what the processor does.
 *
 * Drivers differ: some are right in the first run only, some give nothing but
 * zeros, exchange channels, overflow in half precision, or fail. Pictures are
 * float arrays of [size, size, channels] with values in [0, 1].
 */

/** Largest mean difference, in levels of 255; half precision gives 0.1. */
export const TOLERANCE = 2;
/**
 * A dead part of a picture changes its mean by little: no more than such a
 * share of the values may be off by more than so many levels. In half precision
 * there are none.
 */
const MAX_SHARE = 0.005;
const FAR = 32;
/** Characters of an error that are told. */
const MAX_ERROR = 120;
/** Milliseconds between two comparisons while pictures are translated. */
const INTERVAL = 1000;
/** Comparisons take at most one part in so many of the time. */
const SHARE = 20;

/** Draws three pictures that are unlike one another and colourful. */
export function testPictures(size, channels) {
  const drawings = [
    (x, y) => [0.9 - 0.7 * x, 0.3 + 0.4 * y, 0.1 + 0.3 * x * y],
    (x, y) => {
      const block = Math.floor(x * 6) * 7 + Math.floor(y * 6) * 13;
      return [block % 5 / 4, block % 3 / 2, block % 11 / 30];
    },
    (x, y) => {
      const inside = (x - 0.4) ** 2 + (y - 0.45) ** 2 < 0.08;
      const wave = 0.1 * Math.sin(40 * x + 25 * y);
      return inside ? [0.2, 0.35 + wave, 0.85] : [0.8, 0.5 + wave, 0.2 * x];
    },
  ];
  return drawings.map((draw) => {
    const values = new Float32Array(size * size * channels);
    for (let i = 0; i < size * size; i++) {
      const color = draw(i % size / size, Math.floor(i / size) / size);
      for (let c = 0; c < channels; c++) values[i * channels + c] = color[c];
    }
    return values;
  });
}

/** Says whether all values are the same, as a picture's seldom are. */
export function isFlat(values) {
  return values.every((value) => value === values[0]);
}

/**
 * Says in words what is wrong with a picture; '' if it is what it should be.
 *
 * @param {Float32Array} made What the graphics processor gave.
 * @param {Float32Array} expected What the processor gives.
 */
export function fault(made, expected) {
  if (!made.every(Number.isFinite)) return 'it gives what is no number';
  let sum = 0;
  let far = 0;
  for (let i = 0; i < made.length; i++) {
    const levels = 255 * Math.abs(made[i] - expected[i]);
    sum += levels;
    if (levels > FAR) far++;
  }
  const mean = sum / made.length;
  if (mean > TOLERANCE) return `it is off by ${mean.toFixed(0)} of 255 levels`;
  const share = far / made.length;
  if (share <= MAX_SHARE) return '';
  return `${(100 * share).toFixed(1)} % of it is off by more than ${FAR} of ` +
      '255 levels';
}

/**
 * Runs on a graphics processor, which may fail instead of being wrong.
 *
 * @return {Promise<{made: Float32Array, reason: string}>} `reason` is '' if it
 *     has not failed.
 */
export async function attempt(graphics, values) {
  try {
    return {made: await graphics(values), reason: ''};
  } catch (error) {
    console.warn('The graphics processor failed.', error);
    const [line] = String(error?.message || error).split('\n');
    return {made: null, reason: `it failed: ${line.slice(0, MAX_ERROR)}`};
  }
}

/** Times something; gives [result, milliseconds]. */
async function timed(action) {
  const started = performance.now();
  return [await action(), performance.now() - started];
}

/**
 * Compares a graphics processor with the processor on several pictures, the
 * first of them again after the others.
 *
 * @param {function(Float32Array): Promise<Float32Array>} graphics Runs there.
 * @param {function(Float32Array): Promise<Float32Array>} processor Runs here.
 * @return {Promise<{reason: string, graphics: number, processor: number,
 *     pictures: Array<{given: Float32Array, expected: Float32Array}>}>} What is
 *     wrong, '' if nothing, the milliseconds of a run on each, and the pictures
 *     with the processor's results.
 */
export async function compare(graphics, processor, size, channels) {
  const given = testPictures(size, channels);
  const pictures = [];
  const times = {graphics: [], processor: []};
  let reason = '';
  for (const i of [0, 1, 2, 0]) {
    const [result, milliseconds] =
        await timed(() => attempt(graphics, given[i]));
    if (!result.reason && !pictures[i]) {
      const [expected, own] = await timed(() => processor(given[i]));
      pictures.push({given: given[i], expected});
      times.processor.push(own);
    }
    times.graphics.push(milliseconds);
    reason = result.reason || fault(result.made, pictures[i].expected);
    if (reason) break;
  }
  return {
    reason,
    graphics: Math.min(...times.graphics),
    processor: Math.min(...times.processor),
    pictures,
  };
}

/** Says when pictures have to be compared again while they are translated. */
export class Watch {
  constructor() {
    this.next = 0;
  }

  /** Says whether some time has gone by since the last comparison. */
  isTime(now = performance.now()) {
    return now >= this.next;
  }

  /** Says whether a result has to be compared before it is shown. */
  isDue(made, given, now = performance.now()) {
    return this.isTime(now) || !made.every(Number.isFinite) ||
        (isFlat(made) && !isFlat(given));
  }

  /** Notes a comparison and what it took. */
  compared(milliseconds, now = performance.now()) {
    this.next = now + Math.max(INTERVAL - SHARE, SHARE * milliseconds);
  }
}

/** What a device is known by, as far as a browser tells. */
export function deviceName(adapter) {
  const {vendor, architecture, device, description} = adapter.info ?? {};
  return [vendor, architecture, device, description, navigator.userAgent]
      .filter(Boolean).join(' ');
}

/** Remembers on the device, if the browser lets it; pages from disk may not. */
export const memory = {
  get(key) {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? null;
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(value));
    } catch {
      // It is found out again next time.
    }
  },
};
