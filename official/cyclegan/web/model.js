// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/** A file that LiteRT.js has compiled, for one size of pictures. */

import {loadAndCompile, Tensor} from '@litertjs/core';

import {testPictures} from './backend_check.js';

export class Model {
  /**
   * Compiles a file for the processor, as all others are judged by.
   *
   * @param {Object} file Its entry in models.json.
   * @param {Uint8Array} bytes What is in it.
   * @param {string} signature Which of its sizes.
   * @return {Promise<Model>}
   */
  static async onProcessor(file, bytes, signature) {
    const compiled = await loadAndCompile(bytes, {accelerator: 'wasm'});
    return new Model(compiled, file, signature, 'wasm');
  }

  /**
   * Compiles a file for the graphics processor.
   *
   * @return {Promise<Model|null>} null if that refuses a part.
   */
  static async onGraphics(file, bytes, signature) {
    try {
      const compiled = await loadAndCompile(bytes, {accelerator: 'webgpu'});
      const model = new Model(compiled, file, signature, 'webgpu');
      if (compiled.isFullyAccelerated) return model;
      model.delete();  // LiteRT.js has put all of it onto the processor
    } catch (error) {
      console.warn('WebGPU does not take this model.', error);
    }
    return null;
  }

  constructor(compiled, file, signature, accelerator) {
    this.compiled = compiled;
    this.file = file;
    this.signature = signature;
    this.size = file.sizes[signature];
    this.accelerator = accelerator;
  }

  /** Runs on values in [0, 1]; gives values in [0, 1]. */
  async run(values) {
    const {compiled, file, signature, size} = this;
    const whole = file.io === 'uint8';
    const given = whole ?
        Uint8Array.from(values, (v) => Math.round(v * 255)) : values;
    const input = new Tensor(given, [1, size, size, file.channels]);
    let results = [];
    try {
      results = await compiled.run(signature, [input]);
      // A file for tiles gives the norms' statistics as well: shorter.
      const all = await Promise.all(results.map((result) => result.data()));
      const data = all.find((values) => values.length === given.length);
      return whole ? Float32Array.from(data, (v) => v / 255) :
                     Float32Array.from(data);
    } finally {
      for (const tensor of [input, ...results]) tensor.delete();
    }
  }

  /** Gives the milliseconds of a run; the first one may prepare something. */
  async measure() {
    const [values] = testPictures(this.size, this.file.channels);
    await this.run(values);
    const started = performance.now();
    await this.run(values);
    return performance.now() - started;
  }

  delete() {
    try {
      this.compiled.delete();
    } catch (error) {
      console.warn('A model could not be given back.', error);
    }
  }
}
