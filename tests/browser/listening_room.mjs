// A page that plays one HLS URL through hls.js and records what a listener would hear: 48 kHz, so
// that nothing is resampled on the way. listen.mjs works it through `window.room`.

import Hls, { Events } from "./hls.mjs";

const audio = document.getElementById("audio");
const tape = [];
/** Which rung was heard from where, in the order of hearing. */
const heard = [];
const failures = [];
let hls;

async function open(url, { kbps, startAt }) {
  await record();
  hls = new Hls({ startPosition: startAt });
  hls.on(Events.MANIFEST_PARSED, () => {
    hls.startLevel = level(kbps);
    hls.loadLevel = level(kbps);
  });
  hls.on(Events.FRAG_CHANGED, (_event, { frag }) =>
    heard.push({ segment: frag.sn, kbps: kbpsOf(hls.levels[frag.level]) }),
  );
  hls.on(Events.ERROR, (_event, data) => failures.push(`${data.type}: ${data.details}`));
  hls.loadSource(url);
  hls.attachMedia(audio);
  await audio.play();
}

async function record() {
  const context = new AudioContext({ sampleRate: 48_000, latencyHint: "playback" });
  await context.audioWorklet.addModule("tape.js");
  const node = new AudioWorkletNode(context, "tape", { outputChannelCount: [2] });
  node.port.onmessage = ({ data }) => tape.push(data);
  context.createMediaElementSource(audio).connect(node).connect(context.destination);
  await context.resume();
}

/** Switches as a listener would: what is buffered beyond the next segment is fetched again. */
function choose(kbps) {
  hls.nextLevel = level(kbps);
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

const kbpsOf = (found) => Number(/\/(\d+)\/playlist\.m3u8/.exec(found.uri)[1]);
const level = (kbps) => hls.levels.findIndex((found) => kbpsOf(found) === kbps);

window.room = { open, choose, seek, until, stop };
