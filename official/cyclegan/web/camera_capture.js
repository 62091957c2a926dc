// Copyright 2026 The CycleGAN Authors. Apache License 2.0, see LICENSE.

/** Photographs of a camera at its full size, and clips of what is shown. */

const FRAMES_PER_SECOND = 30;
/** In the order in which they are tried: what most other programs read. */
const CLIPS = [
  ['video/mp4;codecs=avc1.42E01E', 'mp4'],
  ['video/mp4', 'mp4'],
  ['video/webm;codecs=vp9', 'webm'],
  ['video/webm', 'webm'],
];

/**
 * Takes a photograph, at the size that the camera has for photographs.
 *
 * @param {MediaStream} stream The camera's.
 * @param {HTMLVideoElement} video Shows it; its frame is taken where the
 *     browser takes no photographs.
 * @return {Promise<Blob>}
 */
export async function takePhoto(stream, video) {
  if ('ImageCapture' in window) {
    try {
      const [track] = stream.getVideoTracks();
      const capture = new ImageCapture(track);
      return await capture.takePhoto(await largest(capture))
          .catch(() => capture.takePhoto());  // not both sizes at once
    } catch (error) {
      console.warn('The camera takes no photograph; its frame is used.', error);
    }
  }
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d').drawImage(video, 0, 0);
  return canvas.convertToBlob({type: 'image/png'});
}

/** The settings of the largest photograph: without, some give a small one. */
async function largest(capture) {
  const {imageWidth, imageHeight} =
      await capture.getPhotoCapabilities().catch(() => ({}));
  if (!imageWidth?.max || !imageHeight?.max) return {};
  return {imageWidth: imageWidth.max, imageHeight: imageHeight.max};
}

/** Says whether this browser can write clips. */
export function canRecord() {
  return 'MediaRecorder' in window && Boolean(clipType());
}

function clipType() {
  return CLIPS.find(([type]) => MediaRecorder.isTypeSupported(type));
}

/** Records a canvas until it is stopped. */
export class Recorder {
  /**
   * @param {HTMLCanvasElement} canvas What is recorded.
   * @param {function()} onEnd Is called if the browser ends it.
   */
  constructor(canvas, onEnd) {
    const [type, ending] = clipType();
    this.ending = ending;
    this.parts = [];
    this.recorder = new MediaRecorder(
        canvas.captureStream(FRAMES_PER_SECOND), {mimeType: type});
    this.recorder.addEventListener('dataavailable', ({data}) => {
      if (data.size) this.parts.push(data);
    });
    this.error = '';
    this.recorder.addEventListener('error', ({error}) => {
      this.error = error?.message || 'the browser does not say why';
    });
    this.ended = new Promise((resolve) => {
      this.recorder.addEventListener('stop', resolve);
    });
    this.ended.then(onEnd);
    this.recorder.start(1000);  // in parts of a second: little is lost
  }

  /**
   * Ends it, if the browser has not done so.
   *
   * @return {Promise<{clip: Blob, error: string}>} What there is of it, and
   *     what went wrong, '' if nothing.
   */
  async stop() {
    const {recorder} = this;
    if (recorder.state !== 'inactive') recorder.stop();
    await this.ended;
    for (const track of recorder.stream.getTracks()) track.stop();
    const clip = new Blob(this.parts, {type: recorder.mimeType});
    return {clip, error: this.error};
  }
}
