// The Fastly service over doubles of Fastly's modules and fetch: Viceroy, which runs it for real, takes longer to build than all
// tests take. The edge that it pulls from is a real one.

import assert from 'node:assert/strict';
import { register } from 'node:module';
import { before, beforeEach, test } from 'node:test';

import { table } from './table.js';

const { live } = table;
const KEYS = 'https://music.example/.well-known/jwks.json';

/** What the service asked of the platform. */
const platform = { fetched: [], cached: new Map(), jwks: table.jwks, secret: live.secret };
globalThis.platform = platform;

const MODULES = {
  'fastly:cache': `export class SimpleCache {
    static get(name) { return platform.cached.get(name) ?? null; }
    static set(name, value, ttl) { platform.cached.set(name, { value, ttl }); }
  }`,
  'fastly:cache-override': `export class CacheOverride { constructor(mode, init) { Object.assign(this, { mode, ...init }); } }`,
  'fastly:config-store': `export class ConfigStore {
    get(name) { return { origin: '${live.edge}', keys: '${KEYS}' }[name] ?? null; }
  }`,
  'fastly:secret-store': `export class SecretStore {
    async get(name) {
      return name === 'edge-secret' && platform.secret ? { plaintext: () => platform.secret } : null;
    }
  }`,
};

/** The modules that Fastly has, for Node to load. */
const hooks = `
  const modules = ${JSON.stringify(MODULES)};
  export const resolve = (name, context, next) =>
    name in modules ? { url: name, shortCircuit: true, format: 'module' } : next(name, context);
  export const load = (url, context, next) =>
    url in modules ? { format: 'module', source: modules[url], shortCircuit: true } : next(url, context);
`;

let serve;

before(async () => {
  register(`data:text/javascript,${encodeURIComponent(hooks)}`);
  globalThis.addEventListener = (_, listener) => {
    serve = (request) => new Promise((respondWith) => listener({ request, respondWith }));
  };
  const fetch = globalThis.fetch;
  globalThis.fetch = async (url, init) => {
    platform.fetched.push({ url: String(url), ...init });
    return init.backend === 'keys' ? new Response(platform.jwks) : fetch(url, init);
  };
  await import('../fastly/src/index.js');
});

beforeEach(() => Object.assign(platform, { fetched: [], jwks: table.jwks, secret: live.secret }));

const ask = (path, init) => serve(new Request(`https://media.example${path}`, init));
const pulled = () => platform.fetched.filter(({ backend }) => backend === 'edge');

test('two viewers ask for one address, without their tokens, as a puller', async () => {
  for (const path of [
    `/t/${live.eddsa}${live.path}`,
    `/t/${live.es256}${live.path}?CMCD=br%3D320`,
    `${live.path}?URISigningPackage=${live.eddsa}`,
  ]) {
    const [Referer, Authorization] = [`https://media.example/t/${live.eddsa}/`, `Bearer ${live.eddsa}`];
    const headers = { 'Segue-Edge-Secret': 'a guess', Host: 'media.example', Referer, Authorization, Range: 'bytes=0-' };
    const answer = await ask(path, { headers });
    assert.deepEqual([answer.status, await answer.text()], [206, 'sound']);
    assert.equal(answer.headers.get('cache-control'), 'private, max-age=31536000, immutable');
    assert.match(answer.headers.get('surrogate-key'), /^song:/);
  }
  assert.equal(pulled().length, 3);
  for (const { url, headers, cacheOverride } of pulled()) {
    assert.equal(url, live.edge + live.path);
    assert.equal(headers.get('segue-edge-secret'), live.secret);
    assert.deepEqual([...headers.keys()].sort(), ['range', 'segue-edge-secret']);
    assert.equal(cacheOverride.mode, 'none', "the edge's Cache-Control counts");
  }
});

test('a signature is worked out once', async () => {
  platform.cached.clear();
  for (let time = 0; time < 3; time++) await ask(`/t/${live.eddsa}${live.path}`);
  assert.equal(platform.cached.size, 1);
  const [[name, { ttl }]] = [...platform.cached];
  assert.equal(ttl, 3_600);
  assert.ok(!name.includes('.') && name.length < 100, 'no token is in its name');
  await ask(`/t/${live.eddsa.slice(0, -8)}AAAAAAAA${live.path}`);
  assert.equal(platform.cached.size, 1, 'one that does not hold is not remembered');
});

test('keys to encrypted segments pass by the cache', async () => {
  const folder = live.path.replace(/aac.*/, '');
  await ask(`/t/${live.eddsa}${folder}aac/320/a5a5a5a5a5a5a5a5.key`);
  assert.equal(pulled()[0].cacheOverride.mode, 'pass');
});

test('who is refused reaches nobody', async () => {
  for (const [path, status, reason] of [
    [live.path, 401, 'missing'],
    [`/t/${live.capped}${live.path}`, 403, 'over-cap'],
    [`/t/x${live.path}`, 403, 'malformed'],
    ['/v1/songs', 404, null],
  ]) {
    const answer = await ask(path);
    assert.deepEqual([answer.status, answer.headers.get('segue-refusal')], [status, reason]);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
  }
  assert.deepEqual(pulled(), []);
});

test('a key that is not in the set is looked for at another address, which is kept for seconds', async () => {
  platform.jwks = live.eddsaKeys;
  const answer = await ask(`/t/${live.es256}${live.path}`);
  assert.equal(answer.headers.get('segue-refusal'), 'unknown-key');
  const asked = platform.fetched.map(({ url, cacheOverride }) => [url, cacheOverride.mode, cacheOverride.ttl]);
  assert.deepEqual(asked, [
    [KEYS, 'none', undefined],
    [`${KEYS}?early`, 'override', 10],
  ]);
});

test('without keys nobody is let pass', async () => {
  platform.jwks = 'no JSON';
  const answer = await ask(`/t/${live.eddsa}${live.path}`);
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '1']);
  assert.deepEqual(pulled(), []);
});
