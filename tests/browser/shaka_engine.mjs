// Plays through Shaka Player, which shaka.js puts on the window.

/** Starts playing; tells `heard` of the rendition it starts with, and `failures` of every error. */
export async function open(audio, url, { kbps, startAt }, { heard, failures }) {
  const { shaka } = window;
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  await player.attach(audio);
  const choose = (kbps) => player.selectVariantTrack(nearest(player.getVariantTracks(), kbps));
  player.configure({ abr: { enabled: false } });
  player.addEventListener("error", ({ detail }) => failures.push(`Shaka ${detail.code}`));
  player.addEventListener("manifestparsed", () => choose(kbps));
  await player.load(url, startAt);
  heard.push({ kbps: Math.round(player.getVariantTracks().find((it) => it.active).bandwidth / 1000) });
  await audio.play();
  return choose;
}

/** Rates are peaks, a little above the rung's own. */
function nearest(tracks, kbps) {
  const distance = (track) => Math.abs(Math.log(track.bandwidth / 1000 / kbps));
  return tracks.reduce((best, track) => (distance(track) < distance(best) ? track : best));
}
