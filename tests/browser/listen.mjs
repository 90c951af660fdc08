// Plays a URL in Chromium and keeps what was heard:
//
//   node listen.mjs ENGINE URL TAPE KBPS STEP…
//
// ENGINE is hls (hls.js) or shaka (Shaka Player).
// A step is play=SECONDS (until that position is reached), seek=SECONDS, choose=KBPS or gate=PORT (a pause until something
// on that port answers); a seek that comes first is where playing starts, and ahead=SECONDS before that is how much hls.js
// may fetch ahead. TAPE becomes raw 48 kHz stereo f32; stdout says as JSON which
// segments were heard on which rung.

import { createReadStream, createWriteStream } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { pipeline } from "node:stream/promises";
import { launch } from "./chromium.mjs";

const FILES = {
  "/": ["listening_room.html", "text/html"],
  "/listening_room.mjs": ["listening_room.mjs", "text/javascript"],
  "/hls_engine.mjs": ["hls_engine.mjs", "text/javascript"],
  "/shaka_engine.mjs": ["shaka_engine.mjs", "text/javascript"],
  "/tape.js": ["tape.js", "text/javascript"],
  "/hls.mjs": ["node_modules/hls.js/dist/hls.mjs", "text/javascript"],
  "/shaka.js": ["node_modules/shaka-player/dist/shaka-player.compiled.js", "text/javascript"],
};

async function serve(request, response, tape) {
  const [file, type] = FILES[request.url] ?? [];
  if (request.method === "PUT" && request.url === "/tape") {
    await pipeline(request, createWriteStream(tape));
    response.end();
  } else if (file) {
    response.setHeader("Content-Type", type);
    await pipeline(createReadStream(fileURLToPath(new URL(file, import.meta.url))), response);
  } else {
    response.statusCode = 404;
    response.end();
  }
}

async function play(page, engine, url, kbps, steps) {
  const ahead = steps[0]?.[0] === "ahead" ? steps.shift()[1] : undefined;
  const startAt = steps[0]?.[0] === "seek" ? steps.shift()[1] : 0;
  const how = { kbps, startAt, ahead };
  await page.evaluate((all) => window.room.open(...all), [engine, url, how]);
  for (const [action, value] of steps) {
    if (action === "gate") {
      await page.evaluate(() => window.room.pause());
      await fetch(`http://127.0.0.1:${value}/`);
      await page.evaluate(() => window.room.resume());
      continue;
    }
    const method = { play: "until", seek: "seek", choose: "choose" }[action];
    await page.evaluate(([method, value]) => window.room[method](value), [method, value]);
  }
  return page.evaluate(() => window.room.stop());
}

const [engine, url, tape, kbps, ...words] = process.argv.slice(2);
const steps = words.map((word) => word.split("=")).map(([action, value]) => [action, Number(value)]);
const server = createServer((request, response) => {
  serve(request, response, tape).catch((error) => response.destroy(error));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await launch();
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction(() => window.room);
  console.log(JSON.stringify(await play(page, engine, url, Number(kbps), steps)));
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}
