// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/**
 * Runs a model, on a graphics processor only as long as that is right.
 *
 * There are two checks beside the one at the start. Once a second one of the
 * pictures of which the processor's results are known is run again before a
 * result is shown: that costs one run on the graphics processor. And results
 * themselves are compared with the processor's: each one of a picture that
 * stays, of a camera's as many as take a small part of the time, and whenever
 * one looks like nothing.
 */

import * as check from './backend_check.js';

export class Translator {
  /**
   * @param {Model} processor The model on the processor.
   * @param {Model|null} graphics The same on the graphics processor, if that is
   *     to be used.
   * @param {Array<{given: Float32Array, expected: Float32Array}>} pictures
   *     With the processor's results, for the check of each second.
   * @param {function(string)} onFault Is told why the graphics processor is
   *     given up.
   */
  constructor(processor, graphics = null, pictures = [], onFault = () => {}) {
    this.processor = processor;
    this.graphics = graphics;
    this.pictures = pictures;
    this.onFault = onFault;
    this.watch = new check.Watch();
    this.repeats = new check.Watch();
    this.repeats.compared(0);
    this.repeated = 0;
    /** What the run took whose result was given last. */
    this.milliseconds = 0;
  }

  /** The model that is in use. */
  get used() {
    return this.graphics ?? this.processor;
  }

  /**
   * Runs the model.
   *
   * @param {Float32Array} values In [0, 1].
   * @param {boolean} always Whether the result is compared in any case.
   * @return {Promise<Float32Array>} In [0, 1]; the processor's where the
   *     graphics processor is wrong.
   */
  async run(values, always = false) {
    if (!this.graphics) return this.runHere(values);
    const started = performance.now();
    const {made, reason} =
        await check.attempt((given) => this.graphics.run(given), values);
    this.milliseconds = performance.now() - started;
    // What is compared anyway shows a fault without another run.
    if (!reason && (always || this.watch.isDue(made, values))) {
      return this.compared(made, values);
    }
    const fault = reason || await this.repeat();
    if (!fault) return made;
    this.giveUp(fault);
    return this.runHere(values);
  }

  async runHere(values) {
    const started = performance.now();
    const made = await this.processor.run(values);
    this.milliseconds = performance.now() - started;
    return made;
  }

  /** Runs a picture whose result is known, once a second; '' if it is right. */
  async repeat() {
    const {pictures, repeats} = this;
    if (!pictures.length || !repeats.isTime()) return '';
    const {given, expected} = pictures[this.repeated++ % pictures.length];
    const {made, reason} =
        await check.attempt((values) => this.graphics.run(values), given);
    repeats.compared(0);
    return reason || check.fault(made, expected);
  }

  /** Gives a result if it is the processor's as well, else that. */
  async compared(made, values) {
    const started = performance.now();
    const expected = await this.processor.run(values);
    const milliseconds = performance.now() - started;
    this.watch.compared(milliseconds);
    const fault = check.fault(made, expected);
    if (!fault) return made;
    this.milliseconds = milliseconds;
    this.giveUp(fault);
    return expected;
  }

  giveUp(reason) {
    this.graphics.delete();
    this.graphics = null;
    this.onFault(reason);
  }

  delete() {
    this.graphics?.delete();
    this.processor.delete();
  }
}
