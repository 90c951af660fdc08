import { song as songNow, upload, type Song } from "./api";
import { element } from "./element";
import { sentenceOf } from "./problem";
import { follow, inWords } from "./song_progress";
import { status } from "./song_list";

const POLL_MS = 500;

interface Listener {
  changed(song: Song): void;
  failed(error: unknown): void;
}

/** The form that sends a master and then watches it become a song. */
export class UploadForm {
  private readonly form = element("upload", HTMLFormElement);
  private readonly progress = element("upload-progress", HTMLProgressElement);
  private readonly said = element("upload-status", HTMLParagraphElement);

  constructor(private readonly listener: Listener) {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send();
    });
  }

  show(shown: boolean): void {
    this.form.hidden = !shown;
    this.said.textContent = "";
  }

  private async send(): Promise<void> {
    this.busy(true);
    try {
      const sent = await upload(filled(this.form), (part) => this.sent(part));
      this.listener.changed(sent);
      this.form.reset();
      void this.watch(sent);
    } catch (error) {
      this.said.textContent = sentenceOf(error);
      this.listener.failed(error);
    } finally {
      this.busy(false);
    }
  }

  private sent(part: number): void {
    this.progress.value = part;
    const percent = Math.floor(part * 100);
    this.said.textContent = percent < 100 ? `Uploading: ${percent} %` : "Uploaded, checking…";
  }

  private async watch(sent: Song): Promise<void> {
    let now = sent;
    try {
      for (;;) {
        this.said.textContent = `${now.title}: ${outcome(now)}`;
        this.listener.changed(now);
        if (now.state === "ready" || now.state === "failed" || now.state === "withdrawn") {
          return;
        }
        await this.follow(now);
        now = await songNow(now.id);
      }
    } catch (error) {
      this.said.textContent = sentenceOf(error);
      this.listener.failed(error);
    }
  }

  /** Shows how far it is until it is done with. Where nobody tells, it is looked at again a little later. */
  private async follow(song: Song): Promise<void> {
    let state: string | undefined;
    await follow(song.id, (now) => {
      this.said.textContent = `${song.title}: ${inWords(now)}`;
      if (now.state === "processing" && state !== now.state) {
        this.listener.changed({ ...song, state: now.state });
      }
      state = now.state;
    }).catch(() => (state = undefined));
    if (state === undefined) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  private busy(busy: boolean): void {
    this.progress.value = 0;
    this.progress.hidden = !busy;
    for (const control of this.form.querySelectorAll("button, input")) {
      (control as HTMLButtonElement | HTMLInputElement).disabled = busy;
    }
  }
}

/** The form's fields without the empty ones: the server then names the song after the file. */
function filled(form: HTMLFormElement): FormData {
  const data = new FormData();
  for (const name of ["title", "artist", "album", "file"]) {
    const input = form.elements.namedItem(name);
    if (!(input instanceof HTMLInputElement)) {
      continue;
    }
    const file = input.files?.[0];
    if (file) {
      data.append(name, file);
    } else if (input.value.trim() !== "") {
      data.append(name, input.value.trim());
    }
  }
  return data;
}

function outcome(song: Song): string {
  return song.state === "ready" ? "ready to play" : status(song);
}
