// Uses the web player as a person would: signs in, plays the first song, uploads a master, plays it.
//
//   node visit.mjs URL PASSWORD MASTER SCREENSHOT_FOLDER
//
// stdout says as JSON what was seen; anything that a person would be stopped by ends it with an error.

import assert from "node:assert/strict";
import { join } from "node:path";
import { launch } from "./chromium.mjs";

const [url, password, master, screenshots] = process.argv.slice(2);

/** Everything that the page should not do on its way. */
function watch(page) {
  const complaints = [];
  page.on("console", (message) => {
    // The refused sign-in is one of the steps.
    if (message.type() === "error" && !message.text().includes("401")) {
      complaints.push(`console: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== new URL(url).origin) {
      complaints.push(`a request to another host: ${request.url()}`);
    }
  });
  return complaints;
}

async function signIn(page, password) {
  await page.getByLabel("Username").fill("admin");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function playSong(page, title) {
  await page.locator("#songs").getByRole("button", { name: title }).click();
  await page.waitForFunction(
    (title) =>
      document.querySelector("#now-title").textContent === title &&
      document.querySelector("#audio").currentTime > 1.5,
    title,
  );
  await page.waitForFunction(() => document.querySelector("#rung").dataset.kbps);
  return {
    title,
    rung: await page.locator("#rung").innerText(),
    offered: await page.locator("#rungs option").allInnerTexts(),
    length: await page.locator("#total").innerText(),
    position: await page.locator("#audio").evaluate((audio) => audio.currentTime),
  };
}

async function pauseAndSeek(page) {
  const audio = page.locator("#audio");
  await page.getByRole("button", { name: "Pause" }).click();
  assert.equal(await audio.evaluate((audio) => audio.paused), true);
  await page.getByLabel("Position").focus();
  await page.keyboard.press("Home");
  await page.waitForFunction(() => document.querySelector("#audio").currentTime === 0);
  await page.getByRole("button", { name: "Play", exact: true }).press("Enter");
  await page.waitForFunction(() => document.querySelector("#audio").currentTime > 0.5);
}

async function chooseRung(page, kbps) {
  await page.getByLabel("Quality").selectOption(String(kbps));
  await page.waitForFunction(
    (kbps) => document.querySelector("#rung").dataset.kbps === kbps,
    String(kbps),
  );
}

async function upload(page, title) {
  await page.getByLabel("File").setInputFiles(master);
  await page.getByLabel("Title").fill(title);
  await page.getByLabel("Artist").fill("A visitor");
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  const row = page.locator("#songs li", { hasText: title });
  await page.waitForFunction(
    (title) => document.querySelector("#upload-status").textContent === `${title}: ready to play`,
    title,
  );
  assert.equal(await row.getAttribute("data-state"), "ready");
}

/** Plays it to its end. What was heard is told, and counts as a play: it is among what trends. */
async function hearOut(page) {
  const told = await page.waitForResponse(
    (response) =>
      response.url().includes("/v1/playbacks/") &&
      response.request().postDataJSON().event === "stop",
  );
  assert.equal(await page.locator("#audio").evaluate((audio) => audio.ended), true);
  const trending = await page.evaluate(async () => (await fetch("/v1/songs/trending")).json());
  return { told: await told.json(), trending: trending.songs.map((song) => song.title) };
}

/** An access token that is over is replaced on the way; signing out ends the session at the server, too. */
async function renewsAndSignsOut(page) {
  await page.evaluate(() => sessionStorage.setItem("segue.ends_at", "0"));
  const renewed = page.waitForResponse((response) => response.url().endsWith("/v1/sessions/refresh"));
  await page.reload();
  assert.equal((await renewed).status(), 201);
  await page.locator("#songs li").first().waitFor();
  const token = await page.evaluate(() => sessionStorage.getItem("segue.access_token"));
  const ended = page.waitForResponse((response) => response.url().endsWith("/v1/sessions/current"));
  await page.getByRole("button", { name: "Sign out" }).click();
  assert.equal((await ended).status(), 204);
  const headers = { Authorization: `Bearer ${token}` };
  const me = await page.context().request.get(new URL("/v1/users/me", url).href, { headers });
  assert.equal(me.status(), 401);
}

/** A link that was never mailed sets no password, and says so. */
async function followsReset(page) {
  await page.goto(new URL(`/#reset=${"0".repeat(64)}`, url).href);
  await page.getByLabel("New password").fill("battery staple");
  await page.getByRole("button", { name: "Set it" }).click();
  const alert = page.getByRole("alert");
  await alert.filter({ hasText: "not good any more" }).waitFor();
}

/** What was never mailed proves no address: who is signed in is told so, who is not is asked to sign in first. */
async function followsEmail(page) {
  const alert = page.getByRole("alert");
  await page.evaluate((hash) => (location.hash = hash), `#email=${"0".repeat(64)}`);
  await alert.filter({ hasText: "Sign in with your username" }).waitFor();
  await signIn(page, password);
  await alert.filter({ hasText: "not good for this account" }).waitFor();
}

async function fitsNarrow(page, name) {
  await page.setViewportSize({ width: 360, height: 740 });
  const [content, window_] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    innerWidth,
  ]);
  assert.ok(content <= window_, `${name} is ${content} px wide in a window of ${window_}`);
  await page.screenshot({ path: join(screenshots, `${name}-360.png`) });
  await page.setViewportSize({ width: 1100, height: 760 });
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
}

const browser = await launch();
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  const complaints = watch(page);
  await page.goto(url);
  await signIn(page, "not the password");
  const refusal = await page.getByRole("alert").innerText();
  await fitsNarrow(page, "sign-in");
  await signIn(page, password);
  const first = await page.locator("#songs li[data-state=ready] strong").first().innerText();
  const demo = await playSong(page, first);
  await pauseAndSeek(page);
  await chooseRung(page, 64);
  await upload(page, "From the page");
  const uploaded = await playSong(page, "From the page");
  await fitsNarrow(page, "playing");
  const heard = await hearOut(page);
  await renewsAndSignsOut(page);
  assert.deepEqual(complaints, []);
  await followsReset(page);
  await followsEmail(page);
  console.log(JSON.stringify({ refusal, demo, uploaded, heard }));
} finally {
  await browser.close();
}
