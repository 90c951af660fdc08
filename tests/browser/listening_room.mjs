// A page that plays one URL and records what a listener would hear: 48 kHz, so that nothing is
// resampled on the way. listen.mjs works it through `window.room`.

import * as hls from "./hls_engine.mjs";
import * as shaka from "./shaka_engine.mjs";

const ENGINES = { hls, shaka };
const audio = document.getElementById("audio");
const tape = [];
/** Which rung was heard from where, in the order of hearing. */
const heard = [];
const failures = [];
let choose;

async function open(engine, url, how) {
  await record();
  choose = await ENGINES[engine].open(audio, url, how, { heard, failures });
}

async function record() {
  const context = new AudioContext({ sampleRate: 48_000, latencyHint: "playback" });
  await context.audioWorklet.addModule("tape.js");
  const node = new AudioWorkletNode(context, "tape", { outputChannelCount: [2] });
  node.port.onmessage = ({ data }) => tape.push(data);
  context.createMediaElementSource(audio).connect(node).connect(context.destination);
  await context.resume();
}

function seek(seconds) {
  audio.currentTime = seconds;
}

/** Waits until the song has been heard up to there, or to its end. */
function until(seconds) {
  return new Promise((resolve) => {
    const poll = setInterval(() => {
      if ((audio.currentTime >= seconds && !audio.seeking) || audio.ended) {
        clearInterval(poll);
        resolve();
      }
    }, 20);
  });
}

/** Sends the tape to listen.mjs, which keeps it. */
async function stop() {
  // What the element has played is on its way through the audio thread for a moment longer.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  audio.pause();
  await fetch("tape", { method: "PUT", body: new Blob(tape) });
  return { heard, failures };
}

const [pause, resume] = [() => audio.pause(), () => audio.play()];
window.room = { open, choose: (kbps) => choose(kbps), pause, resume, seek, until, stop };
