// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/** The page: a picture, a sample or the camera in, restyled on this device. */

import {isWebGPUSupported, loadAndCompile, loadLiteRt, Tensor} from '@litertjs/core';

import * as check from './backend_check.js';
import {canRecord, Recorder, takePhoto} from './camera_capture.js';
import {addChange, changeOf} from './guided.js';
import {LiveView} from './live_view.js';
import * as offline from './offline.js';
import {makeGrey, toRgba} from './pixels.js';
import {resize} from './resize.js';

const MAX_PIXELS = 50e6;
const BACKGROUND = '#ffffff';  // behind transparent pixels, as in training
/** Files are measured against each other up to so many bytes together. */
const MAX_MEASURED = 16e6;

const $ = (id) => document.getElementById(id);

/** What models.json says: directions, each with its files and samples. */
let description;
/**
 * The model in use: {compiled, file, signature, size, accelerator}, and on a
 * graphics processor {checker, watch}: the same on the processor, and when the
 * two are compared.
 */
let current = null;
/** Which kind of file is the fastest here; the same for both directions. */
let fastest = null;
/** What the graphics processor is called; what was found out is kept by it. */
let device = '';
/** Keeps files for when there is no network, where that is wanted. */
let keepFiles = null;
const allowInstallation = offline.offerInstallation($('install'));
/** The picture shown: {data, width, height, name}, RGBA. */
let picture = null;
/** The camera's stream while it runs, and what shows it. */
let stream = null;
let viewer = null;
/** Records what is shown of the camera. */
let recorder = null;
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
  if (files.length > 1) option($('model'), 'auto', 'the fastest here');
  for (const file of files) {
    const size = `${Math.round(file.bytes / 1000).toLocaleString('en')} KB`;
    option($('model'), file.quantization, `${file.quantization}, ${size}`);
  }
  const known = files.some((file) => file.quantization === wanted);
  $('model').value = known || files.length === 1 ? wanted : 'auto';
  if (!$('model').value) $('model').selectedIndex = 0;
  fillSizes();
}

/** The kinds of a direction's files, what is likely to be fast at first. */
function likelyKinds() {
  const {files} = description.directions[direction()];
  const kinds = files.map((file) => file.quantization);
  const fast = ['dynamic', 'float16'].filter((kind) => kinds.includes(kind));
  return fast.length ? fast : kinds.slice(0, 1);
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
  const chosen = $('model').value;
  const kinds = chosen === 'auto' ? [fastest, ...likelyKinds()] : [chosen];
  return kinds
      .map((kind) => files.find((file) => file.quantization === kind))
      .find(Boolean);
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

function release() {
  current?.compiled.delete();
  current?.checker?.delete();
}

/** Compiles a file for the processor, as all others are judged by. */
async function onProcessor(file, signature) {
  const size = file.sizes[signature];
  const compiled = await compile(file, 'wasm');
  return {compiled, file, signature, size, accelerator: 'wasm'};
}

/** Compiles a file for the graphics processor; null if that refuses a part. */
async function onGraphics(file, signature) {
  try {
    const compiled = await compile(file, 'webgpu');
    if (compiled.isFullyAccelerated) {
      const size = file.sizes[signature];
      const watch = new check.Watch();
      return {compiled, file, signature, size, accelerator: 'webgpu', watch};
    }
    compiled.delete();  // LiteRT.js has put all of it onto the processor
  } catch (error) {
    console.warn('WebGPU does not take this model.', error);
  }
  return null;
}

/** Gives the milliseconds of a run; the first one may prepare something. */
async function measure(model) {
  const {size, file: {channels}} = model;
  const [values] = check.testPictures(size, channels);
  await runOn(model, values);
  const started = performance.now();
  await runOn(model, values);
  return performance.now() - started;
}

function distrusted() {
  return check.memory.get(`wrong ${device}`);
}

function distrust(reason) {
  check.memory.set(`wrong ${device}`, reason);
  document.body.dataset.distrusted = reason;
  fail(`WebGPU gives wrong pictures on this device (${reason}). The page runs ` +
       'on WASM from now on.');
}

/**
 * Compiles a file for the graphics processor if that is right and, unless it is
 * asked for, faster.
 *
 * @param {Object} processor The same file on the processor.
 * @param {boolean} asked Whether somebody has chosen it.
 * @return {Promise<Object>} The model to use; the other one is given up, or
 *     becomes what it is compared with.
 */
async function fasterRight(processor, asked) {
  const {file, signature, size} = processor;
  const graphics = await onGraphics(file, signature);
  if (!graphics) {
    if (asked) fail('WebGPU does not take this model here. It runs on WASM.');
    return processor;
  }
  const found = await check.compare(
      (values) => runOn(graphics, values), (values) => runOn(processor, values),
      size, file.channels);
  if (found.reason) {
    distrust(found.reason);
  } else {
    check.memory.set(`wrong ${device}`, null);
    if (asked || found.graphics < found.processor) {
      return {...graphics, checker: processor.compiled};
    }
  }
  graphics.compiled.delete();
  return processor;
}

/** Finds which kind of file is the fastest on this processor, once. */
async function findFastest(signature) {
  const {files} = description.directions[direction()];
  const likely = files.filter(
      (file) => likelyKinds().includes(file.quantization) &&
          file.sizes[signature]);
  const bytes = likely.reduce((sum, file) => sum + file.bytes, 0);
  if (fastest || likely.length < 2 || bytes > MAX_MEASURED) return;
  const key = ['fastest', signature, navigator.userAgent,
               ...likely.map((file) => [file.quantization, file.bytes])]
                  .join(' ');
  let kind = check.memory.get(key);
  if (!kind) {
    const times = new Map();
    for (const file of likely) {
      const model = await onProcessor(file, signature);
      times.set(file.quantization, await measure(model));
      model.compiled.delete();
    }
    [[kind]] = [...times].sort((a, b) => a[1] - b[1]);
    check.memory.set(key, kind);
  }
  fastest = kind;
}

/** Compiles the chosen file where it is right, and the fastest. */
async function prepare() {
  status('Loading the model…');
  const started = performance.now();
  const signature = $('size').value;
  const wanted = $('accelerator').value;
  if ($('model').value === 'auto') await findFastest(signature);
  const asked = wanted === 'webgpu';
  let model = await onProcessor(chosenFile(), signature);
  const known = description.gpu && !asked && wanted === 'auto' && distrusted();
  if (known) {
    console.warn(`WebGPU was wrong on this device before: ${known}.`);
  } else if (asked || (wanted === 'auto' && description.gpu)) {
    model = await fasterRight(model, asked);
  }
  release();
  current = model;
  const {size, accelerator, file} = current;
  document.body.dataset.accelerator = accelerator;
  document.body.dataset.kind = file.quantization;
  const milliseconds = await measure(current);
  const seconds = (performance.now() - started) / 1000;
  $('timing').textContent =
      `${file.quantization} on ${name(accelerator)}: ready after ` +
      `${seconds.toFixed(1)} s, ${milliseconds.toFixed(1)} ms a picture.` +
      (known ? ` WebGPU was wrong on this device before (${known}).` : '');
  status(`Ready, ${size} pixels, on ${name(accelerator)}.`);
}

function name(accelerator) {
  return accelerator === 'webgpu' ? 'WebGPU' : 'WASM';
}

/**
 * Runs the model on values in [0, 1]; gives values in [0, 1].
 *
 * What a graphics processor gives is compared with the processor's result about
 * once a second, and whenever it looks like nothing, before it is shown.
 */
async function run(values) {
  const made = await runOn(current, values);
  const {checker, watch} = current;
  if (!watch?.isDue(made, values)) return made;
  const started = performance.now();
  const processor = {...current, compiled: checker, accelerator: 'wasm'};
  const expected = await runOn(processor, values);
  const reason = check.fault(made, expected);
  watch.compared(performance.now() - started);
  if (!reason) return made;
  current.compiled.delete();
  current = {...processor, checker: undefined, watch: undefined};
  document.body.dataset.accelerator = 'wasm';
  distrust(reason);
  return expected;
}

async function runOn(model, values) {
  const {compiled, file, signature, size} = model;
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

/** Translates RGBA pixels of any size; gives them at the same size. */
async function translate(rgba, width, height) {
  const {size, file: {channels}} = current;
  const same = width === size && height === size;
  if (channels === 1) {
    rgba = rgba.slice();
    makeGrey(rgba);
  }
  const pixels = resize(rgba, height, width, size, size, channels, 4);
  const guide = Float32Array.from(pixels, (v) => v / 255);
  const started = performance.now();
  const made = await run(guide);
  const milliseconds = performance.now() - started;
  if (detail() === 'guided' && width * height > size * size) {
    const result = addChange(
        rgba, height, width, guide, changeOf(made, guide), size, channels);
    return {rgba: result, milliseconds};
  }
  let levels = made.map((v) => v * 255);
  if (!same) levels = resize(levels, size, size, height, width, channels);
  return {rgba: toRgba(levels, channels), milliseconds};
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
  firstPicture();
  status(`${picture.name}: ${width} × ${height} pixels, ` +
         `${milliseconds.toFixed(1)} ms on ${name(current.accelerator)}.`);
}

/** Notes once how long somebody has waited for a picture. */
function firstPicture() {
  if (document.body.dataset.first) return;
  const seconds = (performance.now() / 1000).toFixed(1);
  document.body.dataset.first = seconds;
  $('timing').textContent +=
      ` The first picture was there ${seconds} s after the page was opened.`;
}

// --------------------------------------------------------------- the camera

function stopCamera() {
  if (!stream) return;
  stopRecording();
  for (const track of stream.getTracks()) track.stop();
  stream = viewer = null;
  $('photo').hidden = $('record').hidden = true;
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
  $('other').hidden = $('photo').hidden = false;
  $('record').hidden = !canRecord();
  $('frame').classList.add('full', 'live');
  $('download').disabled = false;
  picture = null;
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  await video.play();
  viewer = video;
  watch(video, stream);
}

/** Takes a photograph at the camera's full size and restyles that. */
async function photograph() {
  const photo = await takePhoto(stream, viewer);
  stopCamera();
  await show(photo, `photo.${photo.type.endsWith('png') ? 'png' : 'jpg'}`);
}

function startRecording() {
  recorder = new Recorder($('after'));
  $('record').textContent = 'Stop recording';
  $('record').setAttribute('aria-pressed', 'true');
}

async function stopRecording() {
  if (!recorder) return;
  const {ending} = recorder;
  const stopping = recorder.stop();
  recorder = null;
  $('record').textContent = 'Record';
  $('record').setAttribute('aria-pressed', 'false');
  const clip = await stopping;
  document.body.dataset.clip = `${clip.size} ${clip.type}`;
  save(clip, `camera_${direction()}.${ending}`);
}

/** Hands a file to whoever sits before the browser. */
function save(blob, fileName) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** Restyles frames until the camera is stopped. */
async function watch(video, own) {
  const view = new LiveView((reason) => fail(
      `WebGL gives wrong pictures on this device (${reason}). Frames are drawn ` +
      'without it from now on.'));
  try {
    await watchThrough(view, video, own);
  } finally {
    view.close();
    video.srcObject = null;
  }
}

async function watchThrough(view, video, own) {
  const times = [];
  let frames = 0;
  while (stream === own) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    if (!video.videoWidth) continue;
    await inTurn(async () => {
      if (stream !== own) return;
      const {size, file: {channels}} = current;
      const given = view.take(video, size, channels);
      const started = performance.now();
      const made = await run(given);
      const milliseconds = performance.now() - started;
      view.show(made, detail() === 'guided', $('before'), $('after'));
      $('frame').dataset.way = view.way;
      firstPicture();
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
}

// ----------------------------------------------------------------- the page

function connect() {
  $('choose').addEventListener('click', () => $('file').click());
  $('file').addEventListener('change', () => {
    const [file] = $('file').files;
    if (file) open(file);
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
    open(file);
  });
  document.addEventListener('paste', (event) => {
    const [file] = event.clipboardData.files;
    if (file) open(file);
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
  $('photo').addEventListener('click', () => {
    photograph().catch((error) => fail(`No photograph: ${error.message}`));
  });
  $('record').addEventListener('click', () => {
    if (recorder) stopRecording();
    else startRecording();
  });
  $('download').addEventListener('click', () => {
    $('after').toBlob((blob) => {
      const stem = (picture?.name ?? 'camera').replace(/\.[^.]*$/, '');
      save(blob, `${stem}_${direction()}.png`);
    }, 'image/png');
  });
  const again = () => inTurn(async () => {
    fail('');
    await prepare();
    await restyle();
    await keepLoaded();
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

/** Keeps what the page needs offline: what it has loaded, for both ways. */
async function keepLoaded() {
  const kind = current?.file.quantization;
  const models = Object.values(description.directions)
      .flatMap(({files}) => files)
      .filter((file) => file.quantization === kind)
      .map((file) => file.path);
  await keepFiles?.([...offline.loadedFiles(), ...models]);
}

/** Makes the page an app, if it was exported as one. */
async function becomeApp() {
  allowInstallation();
  keepFiles = await offline.keepOffline($('update'));
  await keepLoaded();
  document.body.dataset.offline = keepFiles ? 'yes' : 'no';
}

function open(file) {
  stopCamera();
  return show(file, file.name);
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
  const adapter =
      isWebGPUSupported() ? await navigator.gpu.requestAdapter() : null;
  description.gpu = adapter !== null;
  if (adapter) device = check.deviceName(adapter);
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
  const shared = await offline.sharedPicture();
  if (shared) await open(shared);
  offline.onOpenedFiles(open);
  if (description.app) await becomeApp();
}

start().catch((error) => {
  console.error(error);
  status('');
  fail(`The page cannot start: ${error.message}`);
});
