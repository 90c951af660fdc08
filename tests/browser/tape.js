// Runs in the audio thread: hands over every sample frame that passes, in blocks.

const BLOCK = 4096;

class Tape extends AudioWorkletProcessor {
  constructor() {
    super();
    this.block = new Float32Array(2 * BLOCK);
    this.filled = 0;
  }

  process([[left, right]], [output]) {
    const frames = output[0].length;
    for (let n = 0; n < frames; n++) {
      // An element that has nothing to play yet has no channels at all.
      this.block[2 * this.filled] = left ? left[n] : 0;
      this.block[2 * this.filled + 1] = right ? right[n] : 0;
      if (++this.filled === BLOCK) {
        this.port.postMessage(this.block.slice());
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("tape", Tape);
