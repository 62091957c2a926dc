// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/** The page: a picture, a sample or the camera in, restyled on this device. */

import {isWebGPUSupported, loadLiteRt} from '@litertjs/core';

import * as check from './backend_check.js';
import {canRecord, Recorder, takePhoto} from './camera_capture.js';
import {addChange, changeOf} from './guided.js';
import {LiveView} from './live_view.js';
import {Model} from './model.js';
import * as offline from './offline.js';
import {load} from './own_files.js';
import {makeGrey, toRgba} from './pixels.js';
import {resize} from './resize.js';
import {Translator} from './translator.js';

const MAX_PIXELS = 50e6;
const BACKGROUND = '#ffffff';  // behind transparent pixels, as in training
/** Files are measured against each other up to so many bytes together. */
const MAX_MEASURED = 16e6;
/** The lists that say how pictures are translated. */
const LISTS = ['model', 'size', 'accelerator'];

const $ = (id) => document.getElementById(id);

/** What models.json says: directions, each with its files and samples. */
let description;
/** @type {Translator|null} What translates. */
let current = null;
/** What was chosen when that was prepared: {direction, and lists' values}. */
let chosen = null;
/** What model files hold while it is chosen among them, by path. */
const downloads = new Map();
let runtimeLoaded = false;
/** Which kind of file is the fastest here; the same for both directions. */
let fastest = null;
/** What the graphics processor is called; what was found out is kept by it. */
let device = '';
/** Why it is not used until this page is closed; '' if it may be. */
let wrong = '';
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
/** Counts what was asked of the camera: what was asked before is not done. */
let turn = 0;
let working = Promise.resolve();

function status(text) {
  $('said').textContent = text;
  $('rate').textContent = '';
}

function fail(text) {
  $('error').textContent = text;
  $('error').hidden = !text;
}

const notices = new Map();

/** Says what holds for more than one picture; '' takes it back. */
function notice(about, text) {
  notices.set(about, text);
  const all = [...notices.values()].filter(Boolean).join(' ');
  if ($('notice').textContent !== all) $('notice').textContent = all;
  $('notice').hidden = !all;
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
    button.addEventListener('click', () => open([{
      name: `sample${i + 1}.png`,
      getFile: async () => (await load(path)).blob(),
    }]));
    $('samples').append(button);
  });
}

/** Loads a file once, however many models are made of it. */
async function bytesOf(file) {
  if (!downloads.has(file.path)) {
    const answer = await load(file.path);
    downloads.set(file.path, new Uint8Array(await answer.arrayBuffer()));
  }
  return downloads.get(file.path);
}

async function onProcessor(file, signature) {
  return Model.onProcessor(file, await bytesOf(file), signature);
}

function distrusted() {
  return wrong || check.memory.get(`wrong ${device}`);
}

/** Notes why the graphics processor is not used; '' if it is right. */
function distrust(reason) {
  wrong = reason;
  check.memory.set(`wrong ${device}`, reason || null);
  if (!reason) return notice('WebGPU', '');
  $('accelerator').value = 'auto';  // else it would say what is not so
  document.body.dataset.distrusted = reason;
  notice('WebGPU', `WebGPU cannot be relied on here (${reason}). The page ` +
                   'runs on WASM from now on.');
}

/** Does what has to be done when the graphics processor went wrong. */
function goOnWithout(reason) {
  distrust(reason);
  chosen.accelerator = 'auto';
  document.body.dataset.accelerator = 'wasm';
  $('timing').textContent =
      `${current.used.file.quantization} on WASM: WebGPU was given up ` +
      `(${reason}).`;
}

/**
 * The file for a graphics processor: these take no `dynamic` ones, which are
 * often the fastest on a processor.
 */
function graphicsFile(processor) {
  if ($('model').value !== 'auto') return processor.file;
  const {files} = description.directions[direction()];
  return ['float16', 'float32']
      .map((kind) => files.find((file) => file.quantization === kind))
      .find((file) => file?.sizes[processor.signature]) ?? processor.file;
}

/**
 * Compiles a file for the graphics processor if that is right and, unless it is
 * asked for, faster than the fastest on the processor.
 *
 * @param {Model} processor What is used otherwise.
 * @param {boolean} asked Whether somebody has chosen it.
 * @return {Promise<Translator>}
 */
async function fasterRight(processor, asked) {
  const rest = new Set([processor]);
  try {
    const made = await compared(processor, asked, rest) ??
        new Translator(processor);
    rest.delete(made.processor);
    rest.delete(made.graphics);
    return made;
  } finally {
    for (const model of rest) model.delete();
  }
}

/** What `fasterRight` gives, null for the processor; notes what it makes. */
async function compared(processor, asked, all) {
  const {signature, size} = processor;
  const file = graphicsFile(processor);
  const graphics =
      await Model.onGraphics(file, await bytesOf(file), signature);
  if (!graphics) {
    if (asked) fail('WebGPU does not take this model here. It runs on WASM.');
    return null;
  }
  all.add(graphics);
  const same = file === processor.file;
  const checker = same ? processor : await onProcessor(file, signature);
  all.add(checker);
  const found = await check.compare(
      (values) => graphics.run(values), (values) => checker.run(values), size,
      file.channels);
  distrust(found.reason);
  if (found.reason) return null;
  const own = same ? found.processor : await processor.measure();
  if (!asked && found.graphics >= own) return null;
  const made =
      new Translator(checker, graphics, found.pictures, goOnWithout);
  made.milliseconds = found.graphics;
  return made;
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
      try {
        times.set(file.quantization, await model.measure());
      } finally {
        model.delete();
      }
    }
    [[kind]] = [...times].sort((a, b) => a[1] - b[1]);
    check.memory.set(key, kind);
  }
  fastest = kind;
}

/** Compiles the chosen file where it is right, and the fastest. */
async function choose() {
  const signature = $('size').value;
  if ($('model').value === 'auto') await findFastest(signature);
  const wanted = $('accelerator').value;
  const asked = wanted === 'webgpu';
  const processor = await onProcessor(chosenFile(), signature);
  if (!description.gpu || wanted === 'wasm') return new Translator(processor);
  if (!asked && distrusted()) {
    console.warn(`WebGPU was wrong on this device before: ${distrusted()}.`);
    return new Translator(processor);
  }
  try {
    return await fasterRight(processor, asked);
  } catch (error) {
    if (asked) throw error;
    console.warn('WebGPU was not tried.', error);  // as its file is not here
    return new Translator(await onProcessor(chosenFile(), signature));
  }
}

/** Makes ready what is chosen; what was there stays if that fails. */
async function prepare() {
  status('Loading the model…');
  const started = chosen ? performance.now() : 0;  // when the page was opened
  const wanted = choices();
  try {
    if (!runtimeLoaded) await loadLiteRt('./litert/wasm/');
    runtimeLoaded = true;
    const made = await choose();
    if (!made.graphics) made.milliseconds = await made.processor.measure();
    current?.delete();
    current = made;
  } catch (error) {
    takeBack();
    throw error;
  } finally {
    downloads.clear();
  }
  chosen = wanted;
  if (wrong) chosen.accelerator = 'auto';
  tell((performance.now() - started) / 1000);
}

function choices() {
  const found = {direction: direction()};
  for (const list of LISTS) found[list] = $(list).value;
  return found;
}

/** Shows again what was chosen before. */
function takeBack() {
  status('');
  if (!chosen) return;
  document.querySelector(`[name=direction][value=${chosen.direction}]`)
      .checked = true;
  fillFiles();
  $('model').value = chosen.model;
  fillSizes();
  fillSamples();
  for (const list of LISTS) $(list).value = chosen[list];
  status(`Ready, ${current.used.size} pixels, on ` +
         `${name(current.used.accelerator)}.`);
}

function tell(seconds) {
  const {used: {size, accelerator, file}, milliseconds} = current;
  const known = description.gpu && $('accelerator').value === 'auto' &&
      distrusted();
  document.body.dataset.accelerator = accelerator;
  document.body.dataset.kind = file.quantization;
  document.body.dataset.ready = 'yes';
  $('timing').textContent =
      `${file.quantization} on ${name(accelerator)}: ready after ` +
      `${seconds.toFixed(1)} s, ${milliseconds.toFixed(1)} ms a picture.` +
      (known ? ` WebGPU was wrong on this device before (${known}).` : '');
  status(`Ready, ${size} pixels, on ${name(accelerator)}.`);
}

function name(accelerator) {
  return accelerator === 'webgpu' ? 'WebGPU' : 'WASM';
}

// ------------------------------------------------------------- the picture

/** Translates RGBA pixels of any size; gives them at the same size. */
async function translate(rgba, width, height) {
  const {size, file: {channels}} = current.used;
  const same = width === size && height === size;
  if (channels === 1) {
    rgba = rgba.slice();
    makeGrey(rgba);
  }
  const pixels = resize(rgba, height, width, size, size, channels, 4);
  const guide = Float32Array.from(pixels, (v) => v / 255);
  const made = await current.run(guide, true);
  const {milliseconds} = current;
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

/**
 * Shows a picture and what is made of it.
 *
 * @param {{name: string, getFile: function(): Promise<Blob>}|File} source
 * @param {number} count How many there were to choose from.
 * @return {Promise<boolean|undefined>} true if it was shown.
 */
function show(source, count = 1) {
  return inTurn(async () => {
    fail('');
    notice('several', count > 1 ?
        `Of ${count} pictures one is shown: ${source.name}.` : '');
    const blob = source.getFile ? await source.getFile() : source;
    try {
      picture = {...await decode(blob), name: source.name};
    } catch (error) {
      const why = error instanceof RangeError ?
          error.message :
          'this browser cannot read it as a picture. Use JPEG, PNG or WebP';
      fail(`${source.name}: ${why}.`);
      return false;
    }
    await restyle();
    return true;
  });
}

async function restyle() {
  if (!picture) return;
  if (!current) await prepare();
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
         `${milliseconds.toFixed(1)} ms on ${name(current.used.accelerator)}.`);
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
  turn++;
  if (!stream) return;
  stopRecording();
  stopTracks(stream);
  stream = viewer = null;
  $('photo').hidden = $('record').hidden = true;
  $('camera').setAttribute('aria-pressed', 'false');
  $('camera').textContent = 'Camera';
  $('other').hidden = true;
  $('frame').classList.remove('live');
}

function stopTracks(opened) {
  for (const track of opened.getTracks()) track.stop();
}

/** Opens the camera, unless it was stopped or asked for again meanwhile. */
async function startCamera() {
  stopCamera();
  fail('');
  const own = turn;
  try {
    const opened = await navigator.mediaDevices.getUserMedia(
        {video: {facingMode: facing, width: {ideal: 1280}}, audio: false});
    if (own !== turn) return stopTracks(opened);
    stream = opened;
    await showCamera(own);
  } catch (error) {
    if (own !== turn) return;
    stopCamera();
    const why = navigator.mediaDevices ? error.message :
        'browsers offer it on https or on this machine only';
    fail(`The camera cannot be used: ${why}.`);
  }
}

async function showCamera(own) {
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
  if (own !== turn) return;
  viewer = video;
  $('photo').hidden = false;
  $('record').hidden = !canRecord();
  status('The camera is on.');
  watch(video, stream);
}

/** Takes a photograph at the camera's full size and restyles that. */
async function photograph() {
  const own = turn;
  const photo = await takePhoto(stream, viewer);
  if (own !== turn) return;
  stopCamera();
  const ending = photo.type.endsWith('png') ? 'png' : 'jpg';
  await show(new File([photo], `photo.${ending}`, {type: photo.type}));
}

function startRecording() {
  try {
    const made = new Recorder($('after'), () => {
      if (recorder === made) stopRecording();
    });
    recorder = made;
  } catch (error) {
    return fail(`This cannot be recorded: ${error.message}.`);
  }
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
  const {clip, error} = await stopping;
  if (error) fail(`The recording broke off: ${error}.`);
  document.body.dataset.clip = `${clip.size} ${clip.type}`;
  if (clip.size) save(clip, `camera_${direction()}.${ending}`);
  else if (!error) fail('Nothing was recorded.');
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
  const view = new LiveView((reason) => notice(
      'WebGL',
      `WebGL gives wrong pictures on this device (${reason}). Frames are ` +
      'drawn without it from now on.'));
  try {
    await watchThrough(view, video, own);
  } finally {
    view.close();
    video.srcObject = null;
  }
}

async function watchThrough(view, video, own) {
  const pace = {frames: 0, times: []};
  while (stream === own) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    if (!video.videoWidth) continue;
    await inTurn(async () => {
      if (stream !== own) return;
      try {
        await showFrame(view, video);
      } catch (error) {
        stopCamera();
        throw error;
      }
      tellRate(pace);
    });
  }
}

async function showFrame(view, video) {
  if (!current) await prepare();
  const {size, file: {channels}} = current.used;
  const made = await current.run(view.take(video, size, channels));
  view.show(made, detail() === 'guided', $('before'), $('after'));
  $('frame').dataset.way = view.way;
  firstPicture();
}

/** Says how fast frames are shown; not aloud, as it changes all the time. */
function tellRate(pace) {
  const {times} = pace;
  times.push({at: performance.now(), milliseconds: current.milliseconds});
  if (times.length > 30) times.shift();
  $('frame').dataset.frames = ++pace.frames;
  if (times.length < 3 || pace.frames % 5) return;
  const seconds = (times.at(-1).at - times[0].at) / 1000;
  const sorted = times.map((t) => t.milliseconds).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const rate = (times.length - 1) / seconds;
  $('frame').dataset.rate = rate.toFixed(2);
  $('rate').textContent =
      ` ${rate.toFixed(1)} frames a second, ${median.toFixed(1)} ms each on ` +
      `${name(current.used.accelerator)}.`;
}

// ----------------------------------------------------------------- the page

function connect() {
  $('choose').addEventListener('click', () => $('file').click());
  $('file').addEventListener('change', () => {
    open([...$('file').files]);
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
    const {files} = event.dataTransfer;
    if (!files.length) return fail('That was no file. Drop a picture.');
    open([...files]);
  });
  document.addEventListener('paste', (event) => {
    open([...event.clipboardData.files]);
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
  const again = async () => {
    await inTurn(async () => {
      fail('');
      await prepare();
      await restyle();
    });
    await keepLoaded();  // others need not wait for it
  };
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

/**
 * Keeps what the page needs offline: what it has loaded, for both ways.
 *
 * @return {Promise<boolean>} Whether that was done.
 */
async function keepLoaded() {
  if (!keepFiles || !current) return false;
  const kinds = [current.used, current.processor]
      .map(({file}) => file.quantization);
  kinds.push(chosenFile().quantization);  // tried first the next time
  const models = Object.values(description.directions)
      .flatMap(({files}) => files)
      .filter((file) => kinds.includes(file.quantization))
      .map((file) => file.path);
  return keepFiles([...offline.loadedFiles(), ...models]);
}

/** Makes the page an app, if it was exported as one. */
async function becomeApp() {
  allowInstallation();
  let kept = false;
  try {
    keepFiles = await offline.keepOffline($('update'));
    kept = await keepLoaded();
    if (keepFiles && !kept) throw new Error('a file is missing');
  } catch (error) {
    console.warn(error);
    notice('offline', 'The page cannot be kept for use without a network ' +
                      `(${error.message}). With one it works.`);
  }
  document.body.dataset.offline = kept ? 'yes' : 'no';
}

/** Opens the first of some pictures. @return {Promise<boolean|undefined>} */
async function open(files) {
  if (!files.length) return false;
  stopCamera();
  return show(files[0], files.length);
}

/** Shows what another app has shared, which is kept until it is shown. */
async function openShared() {
  if (!current) return;  // the page says why, and is opened again
  try {
    const shared = await offline.sharedPicture();
    if (!shared) return;
    stopCamera();
    if (await show(shared.file, shared.count)) await shared.done();
  } catch (error) {
    fail(`What was shared cannot be read: ${error.message}.`);
  }
}

/** Finds out whether there is a graphics processor, and what it is. */
async function findGraphics() {
  let adapter = null;
  if (isWebGPUSupported()) {
    // The one that LiteRT.js takes; some browsers refuse instead of saying no.
    adapter = await navigator.gpu
        .requestAdapter({powerPreference: 'high-performance'})
        .catch(() => null);
  }
  description.gpu = adapter !== null;
  if (adapter) device = check.deviceName(adapter);
  $('accelerator').querySelector('[value=webgpu]').disabled = !description.gpu;
}

async function start() {
  description = await (await load('models.json')).json();
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
  await findGraphics();
  fillFiles();
  fillSamples();
  connect();
  split();
  await inTurn(prepare);
  await openShared();
  offline.onOpenedFiles(open);
  if (description.app) await becomeApp();
}

start().catch((error) => {
  console.error(error);
  status('');
  fail(`The page cannot start: ${error.message}`);
});
