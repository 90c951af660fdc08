import { Problem, problemOf, unreachable } from "./problem";
import * as session from "./session";

export interface Song {
  readonly id: string;
  readonly title: string;
  readonly artist: string | null;
  readonly album: string | null;
  readonly duration_ms: number | null;
  readonly state: "uploading" | "queued" | "processing" | "ready" | "failed" | "withdrawn";
  readonly error?: string | null;
}

interface Session {
  readonly access_token: string;
}

interface Playback {
  readonly hls: string;
  readonly playback_id: string;
}

export interface PlayerEvent {
  readonly event: "play" | "pause" | "seek" | "stop" | "heartbeat";
  readonly position_ms: number;
  /** Where it was before it jumped. */
  readonly from_ms?: number;
}

export interface SongPage {
  readonly songs: readonly Song[];
  /** Where the next page starts, if there is one. */
  readonly next: string | null;
}

export function signIn(login: string, password: string): Promise<Session> {
  return ask<Session>("POST", "/v1/sessions", JSON.stringify({ login, password }));
}

export async function songs(after: string | null): Promise<SongPage> {
  const query = after === null ? "" : `?after=${encodeURIComponent(after)}`;
  return ask<SongPage>("GET", `/v1/songs${query}`);
}

export function song(id: string): Promise<Song> {
  return ask<Song>("GET", `/v1/songs/${encodeURIComponent(id)}`);
}

export function playback(id: string): Promise<Playback> {
  return ask<Playback>("POST", `/v1/songs/${encodeURIComponent(id)}/playback`);
}

export async function report(playback: string, event: PlayerEvent): Promise<void> {
  const path = `/v1/playbacks/${encodeURIComponent(playback)}/events`;
  await ask<unknown>("POST", path, JSON.stringify(event));
}

async function ask<T>(method: string, path: string, json?: string): Promise<T> {
  const headers = new Headers(authorization());
  // The last report is sent while the page goes.
  const init: RequestInit = { method, headers, keepalive: json !== undefined };
  if (json !== undefined) {
    headers.set("Content-Type", "application/json");
    init.body = json;
  }
  let response: Response;
  let body: string;
  try {
    response = await fetch(path, init);
    body = await response.text();
  } catch {
    throw unreachable();
  }
  return answer<T>(response.status, body);
}

/** Sends the form's fields as they are. `progress` hears the part that was sent, from 0 to 1. */
export function upload(form: FormData, progress: (part: number) => void): Promise<Song> {
  // fetch cannot tell how much of a body has been sent.
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/v1/songs");
    for (const [name, value] of Object.entries(authorization())) {
      request.setRequestHeader(name, value);
    }
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) {
        progress(event.loaded / event.total);
      }
    });
    request.addEventListener("error", () => reject(unreachable()));
    request.addEventListener("abort", () => reject(new Problem("The upload was stopped.", 0)));
    request.addEventListener("load", () => {
      try {
        resolve(answer<Song>(request.status, request.responseText));
      } catch (error) {
        reject(error);
      }
    });
    request.send(form);
  });
}

function authorization(): Record<string, string> {
  const token = session.accessToken();
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

function answer<T>(status: number, body: string): T {
  if (status < 200 || status > 299) {
    throw problemOf(status, body);
  }
  try {
    return JSON.parse(body) as T;
  } catch {
    throw new Problem("The server's answer could not be understood.", status);
  }
}
