// Debian's Chromium, or the one that SEGUE_CHROMIUM names, started for a test.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required",
];

export function launch() {
  return chromium.launch({ executablePath: executable(), args: ARGUMENTS, headless: true });
}

function executable() {
  if (process.env.SEGUE_CHROMIUM) {
    return process.env.SEGUE_CHROMIUM;
  }
  const found = (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => [join(folder, "chromium"), join(folder, "chromium-browser")])
    .find(runnable);
  if (!found) {
    throw new Error("Chromium is missing: install it, or name one in SEGUE_CHROMIUM");
  }
  return found;
}

function runnable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
