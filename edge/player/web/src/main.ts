import * as api from "./api";
import { element } from "./element";
import { Problem, sentenceOf } from "./problem";
import { Quality } from "./quality";
import { Reports } from "./reports";
import * as session from "./session";
import { SongList } from "./song_list";
import { Stream } from "./stream";
import { Transport } from "./transport";
import { UploadForm } from "./upload_form";
import { songPages } from "./song_pages";

/** How long signing out waits for the server. */
const PATIENCE_MS = 2_000;

const audio = element("audio", HTMLAudioElement);
const alertLine = element("alert", HTMLParagraphElement);
const signInForm = element("sign-in", HTMLFormElement);
const forgotButton = element("forgot", HTMLButtonElement);
const elsewhereLink = element("sign-in-elsewhere", HTMLAnchorElement);
const resetForm = element("reset", HTMLFormElement);
const signOutButton = element("sign-out", HTMLButtonElement);
const library = element("library", HTMLElement);
const player = element("player", HTMLElement);
const more = element("more", HTMLButtonElement);

const list = new SongList((song) => void play(song));
const uploads = new UploadForm({ changed: (song) => list.show(song), failed: signedOutIfRefused });
const transport = new Transport(audio, say);
const quality: Quality = new Quality((choice) => stream.choose(choice));
const stream = new Stream(audio, {
  rungs: (kbps) => {
    quality.offer(kbps);
    stream.choose(quality.choice());
  },
  playing: (kbps) => quality.show(kbps),
  failed: say,
});
const reports = new Reports(audio, (sentence) => {
  audio.pause();
  say(sentence);
});
/** The song that was chosen last: an answer about another one comes too late. */
let chosen: string | undefined;
let pages = songPages();
/** How often it was shown anew who is signed in. */
let renderings = 0;

async function play(song: api.Song): Promise<void> {
  chosen = song.id;
  quiet();
  try {
    const { hls, playback_id } = await api.playback(song.id);
    if (chosen !== song.id) {
      return;
    }
    element("now-title", HTMLElement).textContent = song.title;
    element("now-artist", HTMLElement).textContent = song.artist ?? "";
    player.hidden = false;
    list.mark(song.id);
    quality.show(null);
    transport.reset(song.duration_ms ?? 0);
    reports.open(playback_id);
    stream.open(hls);
    transport.play();
  } catch (error) {
    signedOutIfRefused(error);
    say(sentenceOf(error));
  }
}

async function showSongs(): Promise<void> {
  try {
    const page = await pages.next();
    for (const song of page.value ?? []) {
      list.show(song);
    }
    more.hidden = page.done === true;
  } catch (error) {
    pages = songPages();
    signedOutIfRefused(error);
    say(sentenceOf(error));
  }
}

async function signIn(): Promise<void> {
  const given = new FormData(signInForm);
  const button = signInForm.querySelector("button");
  button?.setAttribute("disabled", "");
  try {
    const begun = await api.signIn(String(given.get("login")), String(given.get("password")));
    session.begin(begun);
    signInForm.reset();
    render();
    await proveEmail();
  } catch (error) {
    say(sentenceOf(error));
  } finally {
    button?.removeAttribute("disabled");
  }
}

async function forgot(): Promise<void> {
  const login = String(new FormData(signInForm).get("login")).trim();
  if (login === "") {
    say("Say your username or mail address first.");
    return;
  }
  try {
    await api.forgotPassword(login);
    say("If there is such an account, a mail is on its way: its link sets a new password.");
  } catch (error) {
    say(sentenceOf(error));
  }
}

/** What a mailed link ends with: the server never sees it in a URL. */
function resetToken(): string | undefined {
  return /^#reset=([0-9a-f]{64})$/.exec(location.hash)?.[1];
}

async function reset(token: string): Promise<void> {
  try {
    await api.resetPassword(token, String(new FormData(resetForm).get("password")));
    resetForm.reset();
    history.replaceState(null, "", location.pathname);
    session.end();
    render();
    say("The password is set: sign in with it.");
  } catch (error) {
    say(sentenceOf(error));
  }
}

/** What was mailed to whoever says that an address is theirs is good where they are signed in. */
async function proveEmail(): Promise<void> {
  const token = /^#email=([0-9a-f]{64})$/.exec(location.hash)?.[1];
  if (token === undefined) {
    return;
  }
  if (session.accessToken() === null) {
    say("Sign in with your username to prove your mail address.");
    return;
  }
  history.replaceState(null, "", location.pathname);
  try {
    const { email } = await api.proveEmail(token);
    say(`${email} is your mail address now.`);
  } catch (error) {
    signedOutIfRefused(error);
    say(sentenceOf(error));
  }
}

/** Where a provider has vouched for somebody, the browser comes back with a code, good once. */
async function signInElsewhere(): Promise<void> {
  const code = /^#login=([0-9a-f]{64})$/.exec(location.hash)?.[1];
  if (code === undefined) {
    return;
  }
  history.replaceState(null, "", location.pathname);
  try {
    session.begin(await api.takeLogin(code));
    render();
  } catch (error) {
    render();
    say(sentenceOf(error));
  }
}

async function offerElsewhere(): Promise<void> {
  const methods = await api.loginMethods().catch(() => undefined);
  elsewhereLink.hidden = methods?.oidc !== true;
}

function silence(): Promise<void> {
  const told = reports.close();
  chosen = undefined;
  stream.close();
  player.hidden = true;
  return told;
}

function signOut(): void {
  void silence();
  session.end();
  render();
}

/** Tells the server, as who is still signed in, before the page forgets who that was. */
async function leave(): Promise<void> {
  const told = silence().then(() => api.signOut());
  await Promise.race([told, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  signOut();
}

function signedOutIfRefused(error: unknown): void {
  if (error instanceof Problem && error.status === 401) {
    signOut();
    say("Your session has ended: sign in again.");
  }
}

/** Shows the form to those who may upload. The server decides; this only spares a listener the form. */
async function offerUploads(): Promise<void> {
  const shown = renderings;
  try {
    const { role } = await api.me();
    // Somebody else may be signed in by now, or nobody.
    if (renderings === shown) {
      uploads.show(role !== "listener");
    }
  } catch (error) {
    signedOutIfRefused(error);
  }
}

/** Shows what somebody who is signed in, or is not, may see. */
function render(): void {
  renderings += 1;
  const signedIn = session.accessToken() !== null;
  quiet();
  const resetting = resetToken() !== undefined;
  resetForm.hidden = !resetting;
  signInForm.hidden = signedIn || resetting;
  signOutButton.hidden = !signedIn;
  library.hidden = !signedIn;
  uploads.show(false);
  list.clear();
  pages = songPages();
  if (signedIn) {
    void showSongs();
    void offerUploads();
  } else {
    (resetting ? resetForm : signInForm).querySelector("input")?.focus();
  }
}

function say(sentence: string): void {
  alertLine.textContent = sentence;
  alertLine.hidden = false;
}

function quiet(): void {
  alertLine.hidden = true;
  alertLine.textContent = "";
}

signInForm.addEventListener("submit", (event) => {
  event.preventDefault();
  void signIn();
});
signOutButton.addEventListener("click", () => void leave());
forgotButton.addEventListener("click", () => void forgot());
resetForm.addEventListener("submit", (event) => {
  event.preventDefault();
  const token = resetToken();
  if (token !== undefined) {
    void reset(token);
  }
});
window.addEventListener("hashchange", () => {
  render();
  void proveEmail();
  void signInElsewhere();
});
more.addEventListener("click", () => void showSongs());
render();
void offerElsewhere();
void proveEmail();
void signInElsewhere();
