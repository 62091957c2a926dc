// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/** The page: a picture, a sample or the camera in, restyled on this device. */

import {isWebGPUSupported, loadAndCompile, loadLiteRt, Tensor} from '@litertjs/core';

import {addChange} from './guided.js';
import {resize} from './resize.js';

const MAX_PIXELS = 50e6;
const BACKGROUND = '#ffffff';  // behind transparent pixels, as in training

const $ = (id) => document.getElementById(id);

/** What models.json says: directions, each with its files and samples. */
let description;
/** The model in use: {compiled, file, signature, size, accelerator}. */
let current = null;
/** The picture shown: {data, width, height, name}, RGBA. */
let picture = null;
/** The camera's stream while it runs. */
let stream = null;
let facing = 'environment';
let working = Promise.resolve();

function status(text) {
  $('status').textContent = text;
}

function fail(text) {
  $('error').textContent = text;
  $('error').hidden = !text;
}

/** Does one thing after the other, however fast somebody clicks. */
function inTurn(action) {
  working = working.then(action).catch((error) => {
    console.error(error);
    fail(`That did not work: ${error.message || error}`);
  });
  return working;
}

// ---------------------------------------------------------------- the model

function direction() {
  return document.querySelector('input[name=direction]:checked').value;
}

function option(select, value, text) {
  const made = document.createElement('option');
  made.value = value;
  made.textContent = text;
  select.append(made);
}

function fillFiles() {
  const {files} = description.directions[direction()];
  const wanted = $('model').value;
  $('model').replaceChildren();
  for (const file of files) {
    const size = `${Math.round(file.bytes / 1000).toLocaleString('en')} KB`;
    option($('model'), file.quantization, `${file.quantization}, ${size}`);
  }
  const kinds = files.map((file) => file.quantization);
  // What each kind of processor is fastest with.
  const fast = description.gpu ? ['float16'] : ['dynamic', 'float16'];
  const best = fast.find((kind) => kinds.includes(kind));
  $('model').value = kinds.includes(wanted) ? wanted : best ?? kinds[0];
  fillSizes();
}

/** How a picture's detail is kept: as chosen, or as export found best. */
function detail() {
  const wanted = $('detail').value;
  if (wanted !== 'auto') return wanted;
  // Tiles take too long here: guided has the same sharpness, if not texture.
  const best = description.directions[direction()].detail;
  return ['auto', 'stretch'].includes(best) ? 'stretch' : 'guided';
}

function chosenFile() {
  const {files} = description.directions[direction()];
  return files.find((file) => file.quantization === $('model').value);
}

function fillSizes() {
  const wanted = $('size').value;
  $('size').replaceChildren();
  const sizes = Object.entries(chosenFile().sizes);
  for (const [signature, size] of sizes) option($('size'), signature, size);
  const known = sizes.some(([signature]) => signature === wanted);
  $('size').value = known ? wanted : sizes[0][0];
}

function fillSamples() {
  $('samples').replaceChildren();
  const {samples} = description.directions[direction()];
  $('samples').parentElement.hidden = !samples.length;
  samples.forEach((path, i) => {
    const button = document.createElement('button');
    button.type = 'button';
    const image = document.createElement('img');
    image.src = path;
    image.alt = `Sample ${i + 1}`;
    button.append(image);
    button.addEventListener('click', async () => {
      stopCamera();
      const answer = await fetch(path);
      await show(await answer.blob(), `sample${i + 1}.png`);
    });
    $('samples').append(button);
  });
}

function compile(file, accelerator) {
  return loadAndCompile(file.path, {accelerator});
}

/** Compiles the chosen file, on the graphics processor if that takes it all. */
async function prepare() {
  status('Loading the model…');
  const file = chosenFile();
  const signature = $('size').value;
  const wanted = $('accelerator').value;
  let accelerator = 'wasm';
  let compiled = null;
  if (wanted === 'webgpu' || (wanted === 'auto' && description.gpu)) {
    try {
      compiled = await compile(file, 'webgpu');
      // Else LiteRT.js has put all of it onto the processor.
      if (compiled.isFullyAccelerated) accelerator = 'webgpu';
    } catch (error) {
      console.warn('WebGPU does not take this model.', error);
    }
    if (wanted !== accelerator && wanted === 'webgpu') {
      fail('WebGPU does not take this model here. It runs on WASM.');
    }
  }
  compiled ??= await compile(file, 'wasm');
  current?.compiled.delete();
  const size = file.sizes[signature];
  current = {compiled, file, signature, size, accelerator};
  document.body.dataset.accelerator = accelerator;
  // The first run is slow on a graphics processor: shaders are compiled.
  await run(new Float32Array(size * size * file.channels));
  status(`Ready, ${size} pixels, on ${name(accelerator)}.`);
}

function name(accelerator) {
  return accelerator === 'webgpu' ? 'WebGPU' : 'WASM';
}

/** Runs the model on values in [0, 1]; gives values in [0, 1]. */
async function run(values) {
  const {compiled, file, signature, size} = current;
  const whole = file.io === 'uint8';
  const given = whole ?
      Uint8Array.from(values, (v) => Math.round(v * 255)) : values;
  const input = new Tensor(given, [1, size, size, file.channels]);
  try {
    const results = await compiled.run(signature, [input]);
    // A file for tiles gives the norms' statistics as well: shorter.
    const all = await Promise.all(results.map((result) => result.data()));
    const data = all.find((values) => values.length === given.length);
    const made = whole ? Float32Array.from(data, (v) => v / 255) :
                         Float32Array.from(data);
    for (const result of results) result.delete();
    return made;
  } finally {
    input.delete();
  }
}

// ------------------------------------------------------------- the picture

/** Takes the alpha channel away, and makes grey what the model wants grey. */
function toChannels(rgba, channels) {
  const count = rgba.length / 4;
  const made = new Uint8ClampedArray(count * channels);
  for (let i = 0; i < count; i++) {
    const [r, g, b] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]];
    if (channels === 3) {
      made[3 * i] = r;
      made[3 * i + 1] = g;
      made[3 * i + 2] = b;
    } else {  // ITU-R BT.601 luma, in Pillow's integers
      made[i] = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
    }
  }
  return made;
}

function toRgba(pixels, channels) {
  const count = pixels.length / channels;
  const made = new Uint8ClampedArray(count * 4);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) {
      made[4 * i + c] = pixels[channels === 3 ? 3 * i + c : i];
    }
    made[4 * i + 3] = 255;
  }
  return made;
}

/** Translates RGBA pixels of any size; gives them at the same size. */
async function translate(rgba, width, height) {
  const {size, file: {channels}} = current;
  const same = width === size && height === size;
  let pixels = toChannels(rgba, channels);
  if (!same) pixels = resize(pixels, height, width, size, size, channels);
  const guide = Float32Array.from(pixels, (v) => v / 255);
  const started = performance.now();
  const made = await run(guide);
  const milliseconds = performance.now() - started;
  if (detail() === 'guided' && width * height > size * size) {
    const change = made.map((v, i) => Math.min(Math.max(v, 0), 1) - guide[i]);
    const shown = channels === 3 ? rgba : toRgba(toChannels(rgba, 1), 1);
    const result =
        addChange(shown, height, width, guide, change, size, channels);
    return {rgba: result, milliseconds};
  }
  let levels = made.map((v) => v * 255);
  if (!same) levels = resize(levels, size, size, height, width, channels);
  // A clamped array rounds.
  return {rgba: toRgba(new Uint8ClampedArray(levels), channels), milliseconds};
}

function paint(canvas, rgba, width, height) {
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d').putImageData(new ImageData(rgba, width, height), 0, 0);
}

/** Reads a file's pixels as sRGB, as training does, upright, on white. */
async function decode(blob) {
  const bitmap = await createImageBitmap(blob, {
    colorSpaceConversion: 'default',  // from the file's profile to sRGB
    imageOrientation: 'from-image',
  });
  const {width, height} = bitmap;
  if (width * height > MAX_PIXELS) {
    bitmap.close();
    throw new RangeError(
        `it has ${Math.round(width * height / 1e6)} megapixels, more than ` +
        `${MAX_PIXELS / 1e6}. Make it smaller first`);
  }
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', {willReadFrequently: true});
  context.fillStyle = BACKGROUND;
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return {data: context.getImageData(0, 0, width, height).data, width, height};
}

function show(blob, fileName) {
  return inTurn(async () => {
    fail('');
    try {
      picture = {...await decode(blob), name: fileName};
    } catch (error) {
      const why = error instanceof RangeError ?
          error.message :
          'this browser cannot read it as a picture. Use JPEG, PNG or WebP';
      fail(`${fileName}: ${why}.`);
      return;
    }
    await restyle();
  });
}

async function restyle() {
  if (!picture) return;
  status('Translating…');
  const {data, width, height} = picture;
  await new Promise((resolve) => setTimeout(resolve));  // shows the status
  const started = performance.now();
  const {rgba, milliseconds} = await translate(data, width, height);
  if (stream) return;  // the camera was started meanwhile
  paint($('before'), new Uint8ClampedArray(data), width, height);
  paint($('after'), rgba, width, height);
  $('frame').classList.add('full');
  $('download').disabled = false;
  $('frame').dataset.shown = `${picture.name} ${direction()}`;
  $('frame').dataset.seconds =
      ((performance.now() - started - milliseconds) / 1000).toFixed(3);
  status(`${picture.name}: ${width} × ${height} pixels, ` +
         `${milliseconds.toFixed(1)} ms on ${name(current.accelerator)}.`);
}

// --------------------------------------------------------------- the camera

function stopCamera() {
  if (!stream) return;
  for (const track of stream.getTracks()) track.stop();
  stream = null;
  $('camera').setAttribute('aria-pressed', 'false');
  $('camera').textContent = 'Camera';
  $('other').hidden = true;
  $('frame').classList.remove('live');
}

async function startCamera() {
  stopCamera();
  fail('');
  try {
    stream = await navigator.mediaDevices.getUserMedia(
        {video: {facingMode: facing, width: {ideal: 1280}}, audio: false});
  } catch (error) {
    const why = navigator.mediaDevices ? error.message :
        'browsers offer it on https or on this machine only';
    fail(`The camera cannot be used: ${why}.`);
    return;
  }
  $('camera').setAttribute('aria-pressed', 'true');
  $('camera').textContent = 'Stop camera';
  $('other').hidden = false;
  $('frame').classList.add('full', 'live');
  $('download').disabled = false;
  picture = null;
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  await video.play();
  watch(video, stream);
}

/** Restyles frames until the camera is stopped. */
async function watch(video, own) {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext('2d', {willReadFrequently: true});
  const times = [];
  let frames = 0;
  while (stream === own) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    if (!video.videoWidth) continue;
    await inTurn(async () => {
      if (stream !== own) return;
      const {videoWidth: width, videoHeight: height} = video;
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
      context.drawImage(video, 0, 0);
      const {data} = context.getImageData(0, 0, width, height);
      const {rgba, milliseconds} = await translate(data, width, height);
      paint($('before'), data, width, height);
      paint($('after'), rgba, width, height);
      times.push({at: performance.now(), milliseconds});
      while (times.length > 30) times.shift();
      frames++;
      $('frame').dataset.frames = frames;
      if (times.length > 2 && frames % 5 === 0) {
        const seconds = (times.at(-1).at - times[0].at) / 1000;
        const sorted = times.map((t) => t.milliseconds).sort((a, b) => a - b);
        const median = sorted[Math.floor(sorted.length / 2)];
        const rate = (times.length - 1) / seconds;
        $('frame').dataset.rate = rate.toFixed(2);
        status(`${rate.toFixed(1)} frames a second, ${median.toFixed(1)} ms ` +
               `each on ${name(current.accelerator)}.`);
      }
    });
  }
  video.srcObject = null;
}

// ----------------------------------------------------------------- the page

function connect() {
  $('choose').addEventListener('click', () => $('file').click());
  $('file').addEventListener('change', () => {
    const [file] = $('file').files;
    if (file) {
      stopCamera();
      show(file, file.name);
    }
    $('file').value = '';
  });
  const drop = $('drop');
  for (const kind of ['dragenter', 'dragover']) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add('over');
    });
  }
  for (const kind of ['dragleave', 'drop']) {
    drop.addEventListener(kind, () => drop.classList.remove('over'));
  }
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (!file) return fail('That was no file. Drop a picture.');
    stopCamera();
    show(file, file.name);
  });
  document.addEventListener('paste', (event) => {
    const [file] = event.clipboardData.files;
    if (file) {
      stopCamera();
      show(file, file.name);
    }
  });
  $('slider').addEventListener('input', split);
  new ResizeObserver(split).observe($('after'));
  $('camera').addEventListener('click', () => {
    if (stream) {
      stopCamera();
      status('The camera is off.');
    } else {
      startCamera();
    }
  });
  $('other').addEventListener('click', () => {
    facing = facing === 'environment' ? 'user' : 'environment';
    startCamera();
  });
  $('download').addEventListener('click', () => {
    $('after').toBlob((blob) => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      const stem = (picture?.name ?? 'camera').replace(/\.[^.]*$/, '');
      link.download = `${stem}_${direction()}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    }, 'image/png');
  });
  const again = () => inTurn(async () => {
    fail('');
    await prepare();
    await restyle();
  });
  $('directions').addEventListener('change', () => {
    fillFiles();
    fillSamples();
    again();
  });
  $('model').addEventListener('change', () => {
    fillSizes();
    again();
  });
  $('size').addEventListener('change', again);
  $('detail').addEventListener('change', () => inTurn(restyle));
  $('accelerator').addEventListener('change', again);
}

function split() {
  const percent = $('slider').value;
  $('frame').style.setProperty('--split', `${percent}%`);
  const {offsetLeft, offsetWidth} = $('after');
  $('line').style.left = `${offsetLeft + offsetWidth * percent / 100}px`;
}

async function start() {
  description = await (await fetch('models.json')).json();
  document.title = description.title;
  $('title').textContent = description.title;
  Object.keys(description.directions).forEach((value, i) => {
    const label = document.createElement('label');
    const input = document.createElement('input');
    input.type = 'radio';
    input.name = 'direction';
    input.value = value;
    input.checked = i === 0;
    label.append(input, `${value[0]} to ${value.at(-1)}`);
    $('directions').append(label);
  });
  description.gpu =
      isWebGPUSupported() && (await navigator.gpu.requestAdapter()) !== null;
  $('accelerator').querySelector('[value=webgpu]').disabled = !description.gpu;
  fillFiles();
  fillSamples();
  connect();
  split();
  await inTurn(async () => {
    await loadLiteRt('./litert/wasm/');
    await prepare();
    document.body.dataset.ready = 'yes';
  });
}

start().catch((error) => {
  console.error(error);
  status('');
  fail(`The page cannot start: ${error.message}`);
});
