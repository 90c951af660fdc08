// Plays through hls.js.

import Hls, { Events } from "./hls.mjs";

/** Starts playing; tells `heard` of every segment, and `failures` of every error. */
export async function open(audio, url, { kbps, startAt, ahead }, { heard, failures }) {
  const little = ahead && { maxBufferLength: ahead, maxMaxBufferLength: ahead };
  const hls = new Hls({ startPosition: startAt, ...little });
  const level = (kbps) => hls.levels.findIndex((found) => kbpsOf(found) === kbps);
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
  /** Switches as a listener would: what is buffered beyond the next segment is fetched again. */
  return (kbps) => {
    hls.nextLevel = level(kbps);
  };
}

const kbpsOf = (found) => Number(/\/(\d+)\/playlist\.m3u8/.exec(found.uri)[1]);
