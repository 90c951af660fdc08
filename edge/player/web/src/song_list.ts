import type { Song } from "./api";
import { clock } from "./clock";
import { element } from "./element";

/** The songs as a list of buttons, one row per id. */
export class SongList {
  private readonly list = element("songs", HTMLUListElement);
  private readonly empty = element("no-songs", HTMLParagraphElement);
  private readonly rows = new Map<string, HTMLLIElement>();

  constructor(private readonly play: (song: Song) => void) {}

  clear(): void {
    this.rows.clear();
    this.list.replaceChildren();
    this.empty.hidden = false;
  }

  /** Adds the song at the end, or redraws its row. */
  show(song: Song): void {
    const row = this.drawn(song);
    const before = this.rows.get(song.id);
    if (before) {
      const focused = before.contains(document.activeElement);
      row.classList.toggle("current", before.classList.contains("current"));
      before.replaceWith(row);
      if (focused) {
        row.querySelector("button")?.focus();
      }
    } else {
      this.list.append(row);
    }
    this.rows.set(song.id, row);
    this.empty.hidden = true;
  }

  /** Marks the song that is open in the player. */
  mark(id: string): void {
    for (const [rowId, row] of this.rows) {
      row.classList.toggle("current", rowId === id);
      const button = row.querySelector("button");
      if (rowId === id) {
        button?.setAttribute("aria-current", "true");
      } else {
        button?.removeAttribute("aria-current");
      }
    }
  }

  private drawn(song: Song): HTMLLIElement {
    const row = document.createElement("li");
    row.dataset["songId"] = song.id;
    row.dataset["state"] = song.state;
    const button = document.createElement("button");
    button.type = "button";
    button.disabled = song.state !== "ready";
    button.append(text("strong", song.title), text("span", byline(song)), text("small", status(song)));
    button.addEventListener("click", () => this.play(song));
    row.append(button);
    return row;
  }
}

function text(tag: "strong" | "span" | "small", content: string): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = content;
  return made;
}

function byline(song: Song): string {
  return [song.artist, song.album].filter((part) => part).join(" · ");
}

/** What the row says at its end: the length, or why there is none yet. */
export function status(song: Song): string {
  switch (song.state) {
    case "ready":
      return song.duration_ms === null ? "" : clock(song.duration_ms / 1000);
    case "failed":
      return song.error ? `Failed: ${song.error}` : "Failed";
    case "uploading":
      return "Uploading…";
    case "queued":
      return "Waiting…";
    case "processing":
      return "Processing…";
    case "withdrawn":
      return "Withdrawn";
  }
}
