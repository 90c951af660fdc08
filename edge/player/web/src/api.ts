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

export function signIn(login: string, password: string): Promise<session.Tokens> {
  return send<session.Tokens>("POST", "/v1/sessions", { login, password });
}

/** Who is signed in. */
export interface Me {
  readonly role: "listener" | "artist" | "admin";
  readonly email: string | null;
}

export function me(): Promise<Me> {
  return ask<Me>("GET", "/v1/users/me");
}

/** In which ways one gets in here, beside by a password. */
export interface LoginMethods {
  readonly oidc: boolean;
}

export function loginMethods(): Promise<LoginMethods> {
  return send<LoginMethods>("GET", "/v1/login-methods");
}

/** Takes what the browser came back with from the provider for a session. */
export function takeLogin(code: string): Promise<session.Tokens> {
  return send<session.Tokens>("POST", "/v1/sessions/oidc", { code });
}

/** Ends the session at the server, too. Where that cannot be reached, it ends by itself. */
export async function signOut(): Promise<void> {
  await ask<void>("DELETE", "/v1/sessions/current").catch(() => undefined);
}

/** Asks for a mail with a link that sets a new password. */
export function forgotPassword(login: string): Promise<void> {
  return send<void>("POST", "/v1/password-resets", { login });
}

/** Sets a new password with what was mailed. */
export function resetPassword(token: string, password: string): Promise<void> {
  return send<void>("POST", "/v1/password-resets/redemption", { token, password });
}

/** Proves the mail address of whoever is signed in with what was mailed. */
export function proveEmail(token: string): Promise<Me> {
  return ask<Me>("POST", "/v1/users/me/email/proof", { token });
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
  await ask<unknown>("POST", path, event);
}

/** Asks as who is signed in, and once more where the access token has just ended. */
async function ask<T>(method: string, path: string, json?: unknown): Promise<T> {
  await renewIfEnding();
  const token = session.accessToken();
  try {
    return await send<T>(method, path, json);
  } catch (error) {
    const ended = error instanceof Problem && error.status === 401 && token !== null;
    if (!ended || !(await renewed(token))) {
      throw error;
    }
    return send<T>(method, path, json);
  }
}

async function send<T>(method: string, path: string, json?: unknown): Promise<T> {
  const headers = new Headers(authorization());
  // The last report is sent while the page goes.
  const init: RequestInit = { method, headers, keepalive: method !== "GET" };
  if (json !== undefined) {
    headers.set("Content-Type", "application/json");
    init.body = JSON.stringify(json);
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

async function renewIfEnding(): Promise<void> {
  const token = session.accessToken();
  if (token !== null && session.isEnding()) {
    await renewed(token);
  }
}

/** A refresh token is good once: all who need it wait for the same answer. */
let renewing: Promise<boolean> | undefined;

/** A page that goes asks for no tokens: it would not live to keep them, and the next page would bring used ones. */
let going = false;
window.addEventListener("pagehide", () => (going = true));
window.addEventListener("pageshow", () => (going = false));

/** Whether there is another access token than `old` now. */
async function renewed(old: string): Promise<boolean> {
  renewing ??= renew(old).finally(() => (renewing = undefined));
  return renewing;
}

async function renew(old: string): Promise<boolean> {
  const refresh_token = session.refreshToken();
  if (going) {
    return false;
  }
  if (session.accessToken() !== old || refresh_token === null) {
    return session.accessToken() !== null && session.accessToken() !== old;
  }
  try {
    const tokens = await send<session.Tokens>("POST", "/v1/sessions/refresh", { refresh_token });
    // Whoever has signed out meanwhile stays signed out.
    if (session.accessToken() !== old) {
      return false;
    }
    session.begin(tokens);
    return true;
  } catch {
    return false;
  }
}

/** Sends the form's fields as they are. `progress` hears the part that was sent, from 0 to 1. */
export async function upload(form: FormData, progress: (part: number) => void): Promise<Song> {
  await renewIfEnding();
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

/** What a stream of events (server-sent) says, one after the other, until it ends. EventSource sends no token. */
export async function* events(path: string): AsyncGenerator<string> {
  await renewIfEnding();
  let response: Response;
  try {
    response = await fetch(path, { headers: authorization() });
  } catch {
    throw unreachable();
  }
  if (!response.ok) {
    throw problemOf(response.status, await response.text());
  }
  if (response.body === null) {
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      const whole = (rest + value).split("\n\n");
      rest = whole.pop() ?? "";
      yield* whole.map(dataOf).filter((data) => data !== "");
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function dataOf(event: string): string {
  const lines = event.split("\n").filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice("data:".length).trim()).join("\n");
}

function authorization(): Record<string, string> {
  const token = session.accessToken();
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

function answer<T>(status: number, body: string): T {
  if (status < 200 || status > 299) {
    throw problemOf(status, body);
  }
  if (body === "") {
    return undefined as T;
  }
  try {
    return JSON.parse(body) as T;
  } catch {
    throw new Problem("The server's answer could not be understood.", status);
  }
}
