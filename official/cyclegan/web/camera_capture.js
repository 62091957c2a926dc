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
      return await new ImageCapture(track).takePhoto();
    } catch (error) {
      console.warn('The camera takes no photograph; its frame is used.', error);
    }
  }
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d').drawImage(video, 0, 0);
  return canvas.convertToBlob({type: 'image/png'});
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
  /** @param {HTMLCanvasElement} canvas What is recorded. */
  constructor(canvas) {
    const [type, ending] = clipType();
    this.ending = ending;
    this.parts = [];
    this.recorder = new MediaRecorder(
        canvas.captureStream(FRAMES_PER_SECOND), {mimeType: type});
    this.recorder.addEventListener('dataavailable', ({data}) => {
      if (data.size) this.parts.push(data);
    });
    this.recorder.start(1000);  // in parts of a second: little is lost
  }

  /** Ends it. @return {Promise<Blob>} The clip. */
  stop() {
    return new Promise((resolve) => {
      this.recorder.addEventListener('stop', () => {
        for (const track of this.recorder.stream.getTracks()) track.stop();
        resolve(new Blob(this.parts, {type: this.recorder.mimeType}));
      });
      this.recorder.stop();
    });
  }
}
