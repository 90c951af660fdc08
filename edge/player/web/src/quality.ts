import { element } from "./element";
import type { Choice } from "./stream";

/** Which rung plays, and which one the listener wants. */
export class Quality {
  private readonly select = element("rungs", HTMLSelectElement);
  private readonly rung = element("rung", HTMLOutputElement);

  constructor(choose: (choice: Choice) => void) {
    this.select.addEventListener("change", () => choose(this.choice()));
  }

  /** Offers the rungs of a song, keeping the listener's choice where the song has it. */
  offer(kbps: number[]): void {
    const before = this.select.value;
    const option = (value: string, text: string): HTMLOptionElement => new Option(text, value);
    this.select.replaceChildren(
      option("auto", "Auto"),
      ...kbps.map((rate) => option(String(rate), `${rate} kbps`)),
    );
    this.select.value = kbps.map(String).includes(before) ? before : "auto";
    this.select.disabled = kbps.length < 2;
  }

  show(kbps: number | null): void {
    this.rung.textContent = kbps === null ? "" : `${kbps} kbps`;
    this.rung.dataset["kbps"] = kbps === null ? "" : String(kbps);
  }

  choice(): Choice {
    return this.select.value === "auto" || this.select.value === ""
      ? "auto"
      : Number(this.select.value);
  }
}
