import { events } from "./api";

/** How far a song has come, as the server tells it. */
export interface SongProgress {
  readonly state: "queued" | "processing" | "ready" | "failed" | "withdrawn";
  readonly position?: number | null;
  readonly stage?: string | null;
  readonly percent?: number | null;
  readonly realtime_factor?: number | null;
}

/** Tells `heard` how far a song comes until it is done with, or the stream ends for another reason. */
export async function follow(id: string, heard: (now: SongProgress) => void): Promise<void> {
  for await (const data of events(`/v1/songs/${encodeURIComponent(id)}/events`)) {
    heard(JSON.parse(data) as SongProgress);
  }
}

/** The same in words. */
export function inWords(now: SongProgress): string {
  if (now.state === "queued") {
    return now.position ? `waiting, number ${now.position} in the queue` : "waiting";
  }
  if (now.state !== "processing" || !now.stage) {
    return now.state;
  }
  const percent = typeof now.percent === "number" ? ` ${now.percent} %` : "";
  const pace = now.realtime_factor ? `, ${now.realtime_factor.toFixed(1)} times as fast as it plays` : "";
  return `${now.stage}${percent}${pace}`;
}
