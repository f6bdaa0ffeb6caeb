/** Measures a stream's loudness and spectrum with Web Audio, which plays nothing here. */

const FLOOR_DB = -60;

export class Meter {
  /**
   * @param {AudioContext} context
   * @param {MediaStream} stream
   */
  constructor(context, stream) {
    this.source = context.createMediaStreamSource(stream);
    this.analyser = context.createAnalyser();
    this.analyser.fftSize = 512;
    this.analyser.smoothingTimeConstant = 0.5;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.bins = new Uint8Array(this.analyser.frequencyBinCount);
    this.source.connect(this.analyser);
  }

  /** @returns {number} 0 (silent) to 1 (loud) */
  level() {
    this.analyser.getFloatTimeDomainData(this.samples);
    return loudness(this.samples);
  }

  /** @returns {Uint8Array} 0 to 255 each, linear in frequency; the same array every time */
  spectrum() {
    this.analyser.getByteFrequencyData(this.bins);
    return this.bins;
  }

  close() {
    this.source.disconnect();
  }
}

/**
 * @param {Float32Array} samples between -1 and 1
 * @returns {number} RMS on a scale of decibels, 0 to 1
 */
export function loudness(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, 1 - decibels / FLOOR_DB));
}
