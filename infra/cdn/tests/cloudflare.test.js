// The Worker in workerd, which is what Cloudflare runs Workers in, pulling from a real edge. Cloudflare's cache is not in
// workerd: what the Worker asks for is looked at instead.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';

import workerd from 'workerd';

import { table } from './table.js';

const { live } = table;

let [site, child, worker, folder] = [];
/** What the Worker asked the site for; the site hands what is not the key set on to the edge. */
const seen = { asked: [], jwks: table.jwks };

before(async () => {
  site = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((ready) => site.once('listening', ready));
  folder = mkdtempSync(join(tmpdir(), 'segue-workerd-'));
  for (const part of ['cloudflare', 'judge']) {
    cpSync(new URL(`../${part}`, import.meta.url), join(folder, part), { recursive: true });
  }
  writeFileSync(join(folder, 'config.capnp'), config(`http://127.0.0.1:${site.address().port}`));
  worker = await start(join(folder, 'config.capnp'));
});

after(() => {
  child?.kill();
  site.close();
  rmSync(folder, { recursive: true });
});

beforeEach(() => Object.assign(seen, { asked: [] }));

/** The key set, and the edge behind a recorder. */
function answer(request, response) {
  if (request.url === '/.well-known/jwks.json') {
    seen.asked.push({ url: request.url });
    response.end(seen.jwks);
    return;
  }
  seen.asked.push({ url: request.url, headers: request.headers });
  const to = httpRequest(live.edge + request.url, { method: request.method, headers: request.headers }, (from) => {
    response.writeHead(from.statusCode, from.headers);
    from.pipe(response);
  });
  to.end();
}

/** The files of the deployment, as modules by their paths. */
function config(origin) {
  const judge = readdirSync(join(folder, 'judge')).filter((name) => name.endsWith('.js'));
  const files = ['cloudflare/worker.js', ...judge.map((name) => `judge/${name}`)];
  const modules = files.map((name) => `(name = "${name}", esModule = embed "${name}")`);
  return `using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [(name = "main", worker = .worker), (name = "net", network = (allow = ["private"]))],
      sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
    );
    const worker :Workerd.Worker = (
      compatibilityDate = "2026-10-01",
      globalOutbound = "net",
      modules = [${modules.join(', ')}],
      bindings = [
        (name = "ORIGIN", text = "${origin}"),
        (name = "KEYS", text = "${origin}/.well-known/jwks.json"),
        (name = "EDGE_SECRET", text = "${live.secret}"),
      ],
    );`;
}

/** Starts workerd; it says on descriptor 3 where it listens. */
async function start(path) {
  const stdio = ['ignore', 'inherit', 'inherit', 'pipe'];
  child = spawn(workerd.default ?? workerd, ['serve', '--control-fd=3', path], { stdio });
  for await (const chunk of child.stdio[3]) {
    const said = JSON.parse(String(chunk).split('\n')[0]);
    if (said.event === 'listen') return `http://127.0.0.1:${said.port}`;
  }
  throw new Error('workerd ended before it listened');
}

const ask = (path, init) => fetch(worker + path, { redirect: 'manual', ...init });
const pulled = () => seen.asked.filter(({ headers }) => headers);

test('two viewers ask for one address, without their tokens, as a puller', async () => {
  for (const path of [
    `/t/${live.eddsa}${live.path}`,
    `/t/${live.es256}${live.path}?CMCD=br%3D320`,
    `${live.path}?a=b&URISigningPackage=${live.es256}`,
  ]) {
    const answer = await ask(path, { headers: { 'Segue-Edge-Secret': 'a guess' } });
    assert.deepEqual([answer.status, await answer.text()], [200, 'sound']);
    assert.equal(answer.headers.get('cache-control'), 'private, max-age=31536000, immutable');
    assert.match(answer.headers.get('cache-tag'), /^song:/);
  }
  assert.deepEqual(pulled().map(({ url }) => url), [live.path, live.path, live.path]);
  for (const { headers } of pulled()) {
    assert.equal(headers['segue-edge-secret'], live.secret);
    assert.ok(!JSON.stringify(headers).includes(live.eddsa.slice(0, 40)));
  }
});

test('of the headers, the edge is told those that it heeds', async () => {
  const token = live.eddsa;
  const headers = {
    Cookie: `a=b; URISigningPackage=${token}`,
    Referer: `https://media.example/t/${token}/`,
    Authorization: `Bearer ${token}`,
    'X-Original-URL': `/t/${token}/`,
    'User-Agent': token,
    'CMCD-Session': 'sid="5"',
  };
  const answer = await ask(live.path, { headers });
  assert.equal(answer.status, 200);
  const [{ headers: told }] = pulled();
  assert.ok(!JSON.stringify(told).includes(token));
  for (const name of ['cookie', 'referer', 'authorization', 'x-original-url']) assert.equal(told[name], undefined, name);
  assert.equal(told['cmcd-session'], 'sid="5"');
});

test('ranges and conditions are those of the edge', async () => {
  const part = await ask(`/t/${live.eddsa}${live.path}`, { headers: { Range: 'bytes=1-2' } });
  assert.deepEqual([part.status, await part.text()], [206, 'ou']);
  const held = { 'If-None-Match': part.headers.get('etag') };
  assert.equal((await ask(`/t/${live.eddsa}${live.path}`, { headers: held })).status, 304);
  const head = await ask(`/t/${live.eddsa}${live.path}`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, '5']);
});

test('keys to encrypted segments pass by the cache', async () => {
  const folder = live.path.replace(/aac.*/, '');
  await ask(`/t/${live.eddsa}${folder}aac/320/a5a5a5a5a5a5a5a5.key`);
  await ask(`/t/${live.eddsa}${live.path}`);
  // What workerd says to whoever is asked with `no-store`.
  assert.deepEqual(pulled().map(({ headers }) => headers['cache-control']), ['no-cache', undefined]);
});

test('who is refused reaches nobody', async () => {
  for (const [path, init, status, reason] of [
    [live.path, {}, 401, 'missing'],
    [`/t/${live.capped}${live.path}`, {}, 403, 'over-cap'],
    [`/t/${live.eddsa.slice(0, -8)}AAAAAAAA${live.path}`, {}, 403, 'bad-signature'],
    [`/t/${live.es256.slice(0, -8)}AAAAAAAA${live.path}`, {}, 403, 'bad-signature'],
    [`/t/${live.eddsa}${live.path}%20`, {}, 403, 'bad-path'],
    [`/t/${live.eddsa}${live.path}`, { method: 'POST' }, 405, null],
    [live.path, { method: 'OPTIONS' }, 204, null],
    ['/v1/songs', {}, 404, null],
  ]) {
    const answer = await ask(path, init);
    assert.deepEqual([answer.status, answer.headers.get('segue-refusal')], [status, reason], path);
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    if (status !== 204) assert.equal(answer.headers.get('cache-control'), 'no-store');
  }
  assert.deepEqual(pulled(), []);
});

/** What a Worker is told of a path was tidied up before; it asks for what it looked at. */
test('dots lead to what they lead to, and nowhere else', async () => {
  const raw = (path) =>
    new Promise((done) => httpRequest(worker, { path }, (from) => done(from.resume().statusCode)).end());
  const folder = live.path.replace(/aac.*/, '');
  assert.equal(await raw(`/t/${live.eddsa}${folder}x/../aac/320/00000.m4s`), 200);
  assert.deepEqual(pulled().map(({ url }) => url), [live.path]);
  for (const dots of ['..', '%2e%2e', '.%2E', '%2e.']) {
    assert.equal(await raw(`/t/${live.eddsa}${folder}${dots}/ffeeddccbbaa99887766554433221100/asset.json`), 403, dots);
  }
  for (const crooked of ['%252e%252e', '..%2f', '%2f']) {
    assert.equal(await raw(`/t/${live.eddsa}${folder}${crooked}/asset.json`), 403, crooked);
  }
  assert.equal(pulled().length, 1);
});

test('a verifier that has run knows a new key as soon as a token names it', async () => {
  const other = await import('node:crypto');
  const { publicKey, privateKey } = other.generateKeyPairSync('ed25519');
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const [, claims] = live.eddsa.split('.');
  const message = `${part({ alg: 'EdDSA', kid: 'new', typ: 'play+jwt' })}.${claims}`;
  const token = `${message}.${other.sign(null, Buffer.from(message), privateKey).toString('base64url')}`;
  const keys = JSON.parse(table.jwks).keys;
  seen.jwks = JSON.stringify({ keys: [...keys, { ...publicKey.export({ format: 'jwk' }), kid: 'new' }] });
  assert.equal((await ask(`/t/${token}${live.path}`)).status, 200);
  assert.deepEqual(seen.asked.map(({ url }) => url), ['/.well-known/jwks.json', live.path]);
});

/** What is cached lies under its URLs, without tokens. */
test('the host that is pulled from cannot be asked past the Worker', () => {
  const settings = readFileSync(new URL('../cloudflare/wrangler.toml', import.meta.url), 'utf8');
  const [, origin] = settings.match(/^ORIGIN = "(.*)"$/m);
  const routes = [...settings.matchAll(/\{ pattern = "([^"]+)", zone_name = /g)].map(([, pattern]) => pattern);
  assert.deepEqual(routes, [`${new URL(origin).host}/*`]);
});
