// The verifier on Fastly Compute, in front of Fastly's cache. README.md says how it is deployed.

import { SimpleCache } from 'fastly:cache';
import { CacheOverride } from 'fastly:cache-override';
import { ConfigStore } from 'fastly:config-store';
import { SecretStore } from 'fastly:secret-store';

import { HeldKeys } from '../../judge/held_keys.js';
import { proxy } from '../../judge/proxy.js';
import { rememberingEd25519 } from './ed25519.js';

/** How long the answer for a key that is not in the set may be kept, in seconds: all of a site's requests share it. */
const EARLY = 10;

addEventListener('fetch', (event) => event.respondWith(answer(event.request)));

/**
 * Nothing outlives a request here but what the platform's caches keep, the key set included.
 * @param {Request} request
 */
async function answer(request) {
  const settings = new ConfigStore('segue');
  const [origin, keys] = [settings.get('origin'), settings.get('keys')];
  const platform = {
    keys: new HeldKeys((early) => fetch(...asking(keys, early)), rememberingEd25519(SimpleCache)),
    secret: edgeSecret,
    /** @type {import('../../judge/proxy.js').Platform['pull']} */
    pull: (path, init, cacheable) =>
      fetch(new URL(path, origin), {
        ...init,
        backend: 'edge',
        cacheOverride: new CacheOverride(cacheable ? 'none' : 'pass'),
      }),
  };
  return proxy(request, platform, Date.now());
}

/**
 * For a key that is not in the set that is kept, another address is asked, which is kept for seconds.
 * @param {string} keys
 * @param {boolean} early
 * @returns {[string, RequestInit]}
 */
function asking(keys, early) {
  const cacheOverride = early ? new CacheOverride('override', { ttl: EARLY }) : new CacheOverride('none');
  return [early ? `${keys}?early` : keys, { backend: 'keys', cacheOverride }];
}

async function edgeSecret() {
  const secret = await new SecretStore('segue').get('edge-secret');
  if (secret === null) throw new Error("the secret store 'segue' has no 'edge-secret' (README.md)");
  return secret.plaintext();
}
