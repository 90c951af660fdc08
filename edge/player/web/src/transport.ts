import { clock, spoken } from "./clock";
import { element } from "./element";

/** The controls of one audio element: play and pause, position, length. */
export class Transport {
  private readonly toggle = element("toggle", HTMLButtonElement);
  private readonly seek = element("seek", HTMLInputElement);
  private readonly elapsed = element("elapsed", HTMLSpanElement);
  private readonly total = element("total", HTMLSpanElement);
  /** In seconds, from the API: Media Source's own reads long by the encoder's priming. */
  private duration = 0;
  private dragging = false;

  constructor(
    private readonly audio: HTMLAudioElement,
    private readonly failed: (sentence: string) => void,
  ) {
    this.toggle.addEventListener("click", () => {
      if (audio.paused) {
        this.play();
      } else {
        audio.pause();
      }
    });
    this.seek.addEventListener("input", () => {
      this.dragging = true;
      this.showPosition(Number(this.seek.value));
    });
    this.seek.addEventListener("change", () => {
      this.dragging = false;
      audio.currentTime = Number(this.seek.value);
    });
    audio.addEventListener("timeupdate", () => {
      if (!this.dragging) {
        this.showPosition(audio.currentTime);
      }
    });
    for (const event of ["play", "pause", "ended", "emptied"]) {
      audio.addEventListener(event, () => this.showState());
    }
  }

  /** Shows a song that begins at 0. */
  reset(durationMs: number): void {
    this.duration = durationMs / 1000;
    this.dragging = false;
    this.seek.max = String(this.duration);
    this.total.textContent = clock(this.duration);
    this.showPosition(0);
  }

  play(): void {
    this.audio.play().catch((error: unknown) => {
      // Another song was chosen while this one was starting.
      if (error instanceof DOMException && error.name === "AbortError") {
        return;
      }
      this.failed(
        error instanceof DOMException && error.name === "NotAllowedError"
          ? "The browser waits for you: press Play."
          : "This song cannot be played here.",
      );
    });
  }

  private showPosition(seconds: number): void {
    const shown = Math.min(seconds, this.duration);
    this.seek.value = String(shown);
    this.seek.setAttribute("aria-valuetext", `${spoken(shown)} of ${spoken(this.duration)}`);
    this.elapsed.textContent = clock(shown);
  }

  private showState(): void {
    const playing = !this.audio.paused && !this.audio.ended;
    this.toggle.classList.toggle("playing", playing);
    this.toggle.setAttribute("aria-label", playing ? "Pause" : "Play");
  }
}
