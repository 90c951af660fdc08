import Hls, { ErrorTypes, Events, type ErrorData, type Level } from "hls.js";

/** What a listener may choose: one rung in kbit/s, or the player's own choice. */
export type Choice = "auto" | number;

interface Listener {
  /** The rungs of the song that was opened, in kbit/s, lowest first. */
  rungs(kbps: number[]): void;
  /** The rung that is heard now. */
  playing(kbps: number): void;
  failed(sentence: string): void;
}

/** One HLS song on one audio element: hls.js where Media Source exists, else the browser's own HLS. */
export class Stream {
  private hls: Hls | undefined;
  private choice: Choice = "auto";

  constructor(
    private readonly audio: HTMLAudioElement,
    private readonly listener: Listener,
  ) {
    audio.addEventListener("error", () => {
      if (!this.hls && audio.error) {
        listener.failed("This browser cannot play this song.");
      }
    });
  }

  open(url: string): void {
    this.close();
    if (Hls.isSupported()) {
      this.openWithHls(url);
    } else if (this.audio.canPlayType("application/vnd.apple.mpegurl")) {
      // The browser chooses the rung and tells nobody which.
      this.listener.rungs([]);
      this.audio.src = url;
    } else {
      this.listener.failed("This browser can play neither HLS nor Media Source streams.");
    }
  }

  close(): void {
    this.hls?.destroy();
    this.hls = undefined;
    this.audio.removeAttribute("src");
    this.audio.load();
  }

  /** Takes effect at the next segment that is not loaded yet: nothing is cut. */
  choose(choice: Choice): void {
    this.choice = choice;
    if (this.hls) {
      this.hls.nextLevel = levelFor(this.hls.levels, choice);
    }
  }

  private openWithHls(url: string): void {
    // fMP4 needs no remuxing, so a worker would only cost start-up time and a wider policy.
    const hls = new Hls({ enableWorker: false });
    this.hls = hls;
    hls.on(Events.MANIFEST_PARSED, () => {
      this.listener.rungs(hls.levels.map(kbpsOf).sort((a, b) => a - b));
      const level = levelFor(hls.levels, this.choice);
      if (level >= 0) {
        hls.startLevel = level;
        hls.loadLevel = level;
      }
    });
    hls.on(Events.LEVEL_SWITCHED, (_event, data) => {
      const level = hls.levels[data.level];
      if (level) {
        this.listener.playing(kbpsOf(level));
      }
    });
    let recovered = false;
    hls.on(Events.ERROR, (_event, data) => {
      if (!data.fatal) {
        return;
      }
      if (data.type === ErrorTypes.MEDIA_ERROR && !recovered) {
        recovered = true;
        hls.recoverMediaError();
      } else {
        this.listener.failed(sentenceFor(data));
      }
    });
    hls.loadSource(url);
    hls.attachMedia(this.audio);
  }
}

/** The level's nominal rate is the folder of its playlist (`aac/128/…`); BANDWIDTH is its measured peak. */
function kbpsOf(level: Level): number {
  const nominal = /\/(\d+)\/[^/]*$/.exec(new URL(level.uri, location.href).pathname)?.[1];
  return nominal === undefined ? Math.round(level.bitrate / 1000) : Number(nominal);
}

/** hls.js's number for a choice: −1 leaves it to hls.js, as does a rung that this song has not. */
function levelFor(levels: readonly Level[], choice: Choice): number {
  return choice === "auto" ? -1 : levels.findIndex((level) => kbpsOf(level) === choice);
}

function sentenceFor(data: ErrorData): string {
  const status = data.response?.code;
  if (status === 401 || status === 403) {
    return "The link to this song is no longer valid: choose the song again.";
  }
  return data.type === ErrorTypes.NETWORK_ERROR
    ? "The song stopped loading: check the connection and choose the song again."
    : "This song cannot be played here.";
}
