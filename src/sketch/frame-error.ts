/** The one error of reading an encoded sketch: the bytes are not a frame that writing could have made. */
export class SketchFrameError extends Error {
  override readonly name = 'SketchFrameError'
}
