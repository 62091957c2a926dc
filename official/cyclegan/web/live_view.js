// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/**
 * Shows a camera's frames and what a model makes of them, many times a second.
 *
 * The model sees a small copy of a frame, which the browser makes; what it
 * changed is brought to the frame's own size by the maps of guided.js. Applying
 * these is a matter of milliseconds for a graphics processor (WebGL 2), which is
 * trusted as little as for the model: a part of the frames is computed here as
 * well, about once a second, and where the two disagree, or where it is no
 * faster, JavaScript does all of it.
 */

import * as check from './backend_check.js';
import {applyMaps, changeOf, fastCoefficients} from './guided.js';
import {makeGrey, toRgba} from './pixels.js';

/** Rows that are compared at a time. */
const ROWS = 32;
/** Times each way is tried before the faster one is taken. */
const TRIALS = 3;

const VERTICES = `#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0,
                     gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

const FRAGMENTS = `#version 300 es
precision highp float;
precision highp sampler2DArray;
uniform sampler2D frame;
uniform sampler2DArray maps;
uniform vec2 size;
uniform bool grey;
out vec4 made;
void main() {
  vec2 place = vec2(gl_FragCoord.x, size.y - gl_FragCoord.y);
  vec3 color = texelFetch(frame, ivec2(place), 0).rgb;
  if (grey) {
    float level = dot(color, vec3(0.299, 0.587, 0.114));
    color = vec3(floor(level * 255.0 + 0.5) / 255.0);
  }
  vec4 terms = vec4(color, 1.0);
  for (int c = 0; c < 3; c++) {
    color[c] += dot(texture(maps, vec3(place / size, c)), terms);
  }
  made = vec4(color, 1.0);
}`;

/** Applies maps on a graphics processor. */
class Shader {
  /** @throws {Error} If there is none, or it has not what this needs. */
  constructor() {
    this.canvas = document.createElement('canvas');
    const gl = this.canvas.getContext(
        'webgl2', {alpha: false, antialias: false, depth: false});
    if (!gl) throw new Error('there is no WebGL 2');
    this.gl = gl;
    this.name = `${gl.getParameter(gl.RENDERER)} ${navigator.userAgent}`;
    const program = gl.createProgram();
    for (const [kind, text] of [
      [gl.VERTEX_SHADER, VERTICES], [gl.FRAGMENT_SHADER, FRAGMENTS],
    ]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      throw new Error(`the shader: ${gl.getProgramInfoLog(program)}`);
    }
    gl.useProgram(program);
    const place = (name) => gl.getUniformLocation(program, name);
    this.size = place('size');
    this.grey = place('grey');
    gl.uniform1i(place('frame'), 0);
    gl.uniform1i(place('maps'), 1);
    this.texture(gl.TEXTURE0, gl.TEXTURE_2D, gl.NEAREST);
    this.texture(gl.TEXTURE1, gl.TEXTURE_2D_ARRAY, gl.LINEAR);
  }

  texture(unit, kind, filter) {
    const {gl} = this;
    gl.activeTexture(unit);
    gl.bindTexture(kind, gl.createTexture());
    gl.texParameteri(kind, gl.TEXTURE_MIN_FILTER, filter);
    gl.texParameteri(kind, gl.TEXTURE_MAG_FILTER, filter);
    gl.texParameteri(kind, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(kind, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  }

  /** Draws a frame with its change. @return {HTMLCanvasElement} Its own. */
  apply(frame, maps, size, channels) {
    const {gl, canvas} = this;
    if (gl.isContextLost()) throw new Error('WebGL was lost');
    const {width, height} = frame;
    resizeTo(canvas, width, height);
    gl.viewport(0, 0, width, height);
    gl.activeTexture(gl.TEXTURE0);
    gl.texImage2D(
        gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, frame);
    gl.activeTexture(gl.TEXTURE1);
    gl.texImage3D(
        gl.TEXTURE_2D_ARRAY, 0, gl.RGBA16F, size, size, 3, 0, gl.RGBA, gl.FLOAT,
        layers(maps, size * size, channels));
    gl.uniform2f(this.size, width, height);
    gl.uniform1i(this.grey, channels === 1);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    return canvas;
  }

  /** Gives the context back: browsers take the oldest of more than some. */
  close() {
    this.gl.getExtension('WEBGL_lose_context')?.loseContext();
  }

  /** Reads rows of what was drawn last; waits for it. */
  rows(top, rows) {
    const {gl, canvas: {width, height}} = this;
    const row = 4 * width;
    const read = new Uint8Array(rows * row);
    gl.readPixels(
        0, height - top - rows, width, rows, gl.RGBA, gl.UNSIGNED_BYTE, read);
    const made = new Uint8Array(read.length);
    for (let y = 0; y < rows; y++) {  // the lowest comes first
      made.set(read.subarray(y * row, (y + 1) * row), (rows - 1 - y) * row);
    }
    return made;
  }
}

/** For red, green and blue: the factors of each and the offset, by pixel. */
function layers(maps, count, channels) {
  const made = new Float32Array(3 * count * 4);
  for (let c = 0; c < 3; c++) {
    const column = Math.min(c, channels - 1);
    for (let i = 0; i <= channels; i++) {
      const start = (i * channels + column) * count;
      const term = i === channels ? 3 : i;
      for (let p = 0, at = c * count * 4 + term; p < count; p++, at += 4) {
        made[at] = maps[start + p];
      }
    }
  }
  return made;
}

function canvas2d(read) {
  const canvas = document.createElement('canvas');
  return canvas.getContext('2d', {alpha: false, willReadFrequently: read});
}

function resizeTo(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

function commonDivisor(a, b) {
  return b ? commonDivisor(b, a % b) : a;
}

/**
 * Where the rows begin that are compared: all have their turn, one after the
 * other, and neighbours in time are far from each other in the picture.
 *
 * @param {number} check Which comparison it is, from 0 on.
 */
export function bandTop(check, height, rows) {
  const bands = Math.ceil(height / rows);
  let step = Math.max(Math.round(0.38 * bands), 1);
  while (commonDivisor(step, bands) > 1) step++;
  const band = (check * step + (bands >> 1)) % bands;
  return Math.min(band * rows, height - rows);  // the last one ends with it
}

/** The frames of one camera, from the small copy to what is shown. */
export class LiveView {
  /** @param {function(string)} onFault Is told why WebGL is given up. */
  constructor(onFault) {
    this.onFault = onFault;
    this.measured = false;
    this.watch = new check.Watch();
    this.checks = 0;
    try {
      this.shader = new Shader();
      const known = check.memory.get(`wrong ${this.shader.name}`);
      if (known) {
        console.warn(`WebGL was wrong on this device before: ${known}.`);
        this.close();
      }
    } catch (error) {
      console.info('Frames are drawn without WebGL.', error);
      this.shader = null;
    }
    this.useCanvases();
  }

  /** Makes what holds a frame, and its small copy: where these are read. */
  useCanvases() {
    this.frame = canvas2d(!this.shader);
    this.small = canvas2d(!this.shader);
  }

  /** What applies the maps. */
  get way() {
    return this.shader ? 'WebGL' : 'JavaScript';
  }

  /**
   * Takes a frame.
   *
   * @param {HTMLVideoElement} video
   * @return {Float32Array} Its small copy, `[size, size, channels]` in [0, 1].
   */
  take(video, size, channels) {
    const {frame, small} = this;
    resizeTo(frame.canvas, video.videoWidth, video.videoHeight);
    resizeTo(small.canvas, size, size);
    frame.drawImage(video, 0, 0);
    small.imageSmoothingQuality = 'high';
    small.drawImage(frame.canvas, 0, 0, size, size);
    const {data} = small.getImageData(0, 0, size, size);
    if (channels === 1) makeGrey(data);
    const values = new Float32Array(size * size * channels);
    for (let p = 0, at = 0; p < size * size; p++) {
      for (let c = 0; c < channels; c++, at++) {
        values[at] = data[4 * p + c] / 255;
      }
    }
    this.guide = values;
    this.size = size;
    this.channels = channels;
    return values;
  }

  /**
   * Shows the frame, and what the model made of it, at the camera's size.
   *
   * @param {Float32Array} made What the model made of the small copy.
   * @param {boolean} guided Whether the frame gets the change, and stays as
   *     sharp as it is; else the small picture is enlarged.
   */
  show(made, guided, before, after) {
    const {frame} = this;
    const {width, height} = frame.canvas;
    for (const canvas of [before, after]) resizeTo(canvas, width, height);
    before.getContext('2d').drawImage(frame.canvas, 0, 0);
    const context = after.getContext('2d');
    if (!guided || width * height <= this.size ** 2) {
      this.enlarge(made, context);
      return;
    }
    const {guide, size, channels} = this;
    const {maps, mapSize} = fastCoefficients(
        guide, changeOf(made, guide), size, channels);
    if (this.shader) this.applyThere(maps, mapSize, context);
    // Not else: it may just have been given up.
    if (!this.shader) this.applyHere(maps, mapSize, context);
  }

  enlarge(made, context) {
    const {small, size, channels} = this;
    const rgba = toRgba(made.map((v) => 255 * v), channels);
    small.putImageData(new ImageData(rgba, size, size), 0, 0);
    const {width, height} = context.canvas;
    context.imageSmoothingQuality = 'high';
    context.drawImage(small.canvas, 0, 0, width, height);
  }

  /** Some rows of the frame, with their change. */
  rows(maps, mapSize, top, rows) {
    const {frame, channels} = this;
    const {width, height} = frame.canvas;
    const {data} = frame.getImageData(0, top, width, rows);
    if (channels === 1) makeGrey(data);
    return applyMaps(
        data, height, width, maps, mapSize, channels, top, rows);
  }

  applyHere(maps, mapSize, context) {
    const {width, height} = context.canvas;
    const made = this.rows(maps, mapSize, 0, height);
    context.putImageData(new ImageData(made, width, height), 0, 0);
  }

  applyThere(maps, mapSize, context) {
    const {shader, frame, channels, watch} = this;
    try {
      const drawn = shader.apply(frame.canvas, maps, mapSize, channels);
      context.drawImage(drawn, 0, 0);
    } catch (error) {
      console.warn('Frames are drawn without WebGL from now on.', error);
      this.giveUp();
      return;
    }
    const now = performance.now();
    if (!watch.isTime(now)) return;
    const reason = this.fault(maps, mapSize);
    watch.compared(performance.now() - now);
    if (reason) {
      check.memory.set(`wrong ${shader.name}`, reason);
      this.giveUp();
      this.onFault(reason);
    } else if (!this.measured && !this.isFasterThere(maps, mapSize)) {
      this.giveUp();
    }
    this.measured = true;
  }

  /** Compares some rows, other ones each time; '' if they are right. */
  fault(maps, mapSize) {
    const {height} = this.frame.canvas;
    const rows = Math.min(ROWS, height);
    const top = bandTop(this.checks++, height, rows);
    const levels = (values) => Float32Array.from(values, (v) => v / 255);
    return check.fault(
        levels(this.shader.rows(top, rows)),
        levels(this.rows(maps, mapSize, top, rows)));
  }

  isFasterThere(maps, mapSize) {
    const {frame: {canvas}, channels, shader} = this;
    const best = (action) => {
      const times = [];
      for (let i = 0; i < TRIALS; i++) {
        const started = performance.now();
        action();
        times.push(performance.now() - started);
      }
      return Math.min(...times);
    };
    const there = best(() => {
      shader.apply(canvas, maps, mapSize, channels);
      shader.rows(0, 1);
    });
    return there < best(() => this.rows(maps, mapSize, 0, canvas.height));
  }

  /** Is to be called when no more frames are to be shown. */
  close() {
    this.shader?.close();
    this.shader = null;
  }

  giveUp() {
    const {frame: {canvas}} = this;
    this.close();
    this.useCanvases();  // which can be read fast
    resizeTo(this.frame.canvas, canvas.width, canvas.height);
    this.frame.drawImage(canvas, 0, 0);
  }
}
