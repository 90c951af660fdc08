import { report, type PlayerEvent } from "./api";
import { Problem } from "./problem";

const EVERY_MS = 10_000;

/**
 * Tells the server what the player does: plays are counted by it, and another device can go on from there.
 * What cannot be told is lost, and nobody hears of it; what the server refuses (409) ends the playback.
 */
export class Reports {
  private playback: string | undefined;
  private position = 0;
  /** Each is told after the one before. */
  private told: Promise<void> = Promise.resolve();

  constructor(
    private readonly audio: HTMLAudioElement,
    private readonly refused: (sentence: string) => void,
  ) {
    audio.addEventListener("play", () => this.tell({ event: "play" }));
    audio.addEventListener("pause", () => this.tell({ event: audio.ended ? "stop" : "pause" }));
    audio.addEventListener("seeked", () => this.tell({ event: "seek", from_ms: this.position }));
    audio.addEventListener("timeupdate", () => this.note());
    window.addEventListener("pagehide", () => void this.close());
    setInterval(() => this.beat(), EVERY_MS);
  }

  /** What plays from now on is this playback. */
  open(playback: string): void {
    void this.close();
    this.playback = playback;
    this.position = 0;
  }

  /** Nothing plays any more. Settles when that is told. */
  close(): Promise<void> {
    if (this.playback !== undefined) {
      this.send({ event: "stop", position_ms: this.position });
      this.playback = undefined;
    }
    return this.told;
  }

  private beat(): void {
    if (!this.audio.paused) {
      this.tell({ event: "heartbeat" });
    }
  }

  /** Where it is, as long as it is not about to be elsewhere. */
  private note(): void {
    if (!this.audio.seeking) {
      this.position = this.now();
    }
  }

  private tell(what: Omit<PlayerEvent, "position_ms">): void {
    this.position = this.now();
    this.send({ ...what, position_ms: this.position });
  }

  private send(event: PlayerEvent): void {
    const { playback } = this;
    if (playback === undefined) {
      return;
    }
    this.told = this.told
      .then(() => report(playback, event))
      .catch((error: unknown) => {
        if (error instanceof Problem && error.status === 409 && this.playback === playback) {
          this.playback = undefined;
          this.refused(error.message);
        }
      });
  }

  private now(): number {
    return Math.round(this.audio.currentTime * 1000);
  }
}
