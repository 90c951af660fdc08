// The verifier as a Cloudflare Worker, in front of Cloudflare's cache. README.md says how it is deployed.

import { HeldKeys } from '../judge/held_keys.js';
import { proxy } from '../judge/proxy.js';

/** How long a fetch of the key set may take, in milliseconds. */
const TIMEOUT = 2_000;

/**
 * Of this isolate: keys are plain data between requests, so that no request waits for what belongs to another.
 * @type {HeldKeys | undefined}
 */
let keys;

/**
 * @typedef {object} Env
 * @property {string} ORIGIN the edge, as `https://edge.example`
 * @property {string} KEYS `/.well-known/jwks.json` of the API or a copy of it
 * @property {string} EDGE_SECRET a secret (`wrangler secret put EDGE_SECRET`)
 */

export default {
  /**
   * @param {Request} request
   * @param {Env} env
   * @returns {Promise<Response>}
   */
  fetch(request, env) {
    const { ORIGIN, KEYS, EDGE_SECRET } = env;
    if (!ORIGIN || !KEYS || !EDGE_SECRET) throw new Error('ORIGIN, KEYS and EDGE_SECRET must be set (README.md)');
    keys ??= new HeldKeys(() => fetch(KEYS, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT) }));
    const platform = {
      keys,
      secret: async () => EDGE_SECRET,
      /** @type {import('../judge/proxy.js').Platform['pull']} */
      pull: (path, init, cacheable) => fetch(new URL(path, ORIGIN), cached(init, cacheable)),
    };
    return proxy(request, platform, Date.now());
  },
};

/**
 * Cloudflare keeps by itself only what has certain extensions, so it is told to; for how long, the edge says.
 * @param {RequestInit} init
 * @param {boolean} cacheable
 */
function cached(init, cacheable) {
  const how = cacheable ? { cf: { cacheEverything: true } } : { cache: 'no-store' };
  return /** @type {RequestInit} */ ({ ...init, ...how });
}
