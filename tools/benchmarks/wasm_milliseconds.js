// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/** Times models in WASM, in turns. */

import {loadAndCompile, loadLiteRt, Tensor} from '@litertjs/core';

const FIRST_ROUNDS = 3;  // until the browser has compiled what runs often

/** Runs a model on noise; gives the milliseconds, with data in and out. */
async function run({compiled, signature, shape, whole}) {
  const count = shape.reduce((product, side) => product * side);
  const given = whole ?
      Uint8Array.from({length: count}, (_, i) => i * 7919 % 256) :
      Float32Array.from({length: count}, (_, i) => i * 7919 % 256 / 255);
  const started = performance.now();
  const input = new Tensor(given, shape);
  const results = await compiled.run(signature, [input]);
  await Promise.all(results.map((result) => result.data()));
  const milliseconds = performance.now() - started;
  for (const tensor of [input, ...results]) tensor.delete();
  return milliseconds;
}

/**
 * Times models.
 *
 * @param {Object} models By name {path, signature, shape, whole}, the last for
 *     files that take whole numbers.
 * @param {number} rounds How often each of them is timed.
 * @return {Promise<Object>} By name its milliseconds.
 */
window.measured = async (models, rounds) => {
  await loadLiteRt('./litert/wasm/');
  for (const model of Object.values(models)) {
    model.compiled = await loadAndCompile(model.path, {accelerator: 'wasm'});
  }
  const times = {};
  for (let round = -FIRST_ROUNDS; round < rounds; round++) {
    for (const [name, model] of Object.entries(models)) {
      const milliseconds = await run(model);
      if (round >= 0) (times[name] ??= []).push(milliseconds);
    }
  }
  return times;
};
