// Ed25519 where WebCrypto has none: Fastly's knows RSASSA-PKCS1-v1_5, ECDSA and HMAC. In JavaScript that no JIT compiles,
// a signature costs tens of milliseconds, so those that hold are remembered.

import { ed25519 } from '@noble/curves/ed25519.js';

/** How long a signature that held is remembered, in seconds. It holds for ever: what may end is looked at by others. */
const REMEMBERED = 3_600;

/** Names what is remembered in the cache, which others may use, too. */
const PREFIX = 'segue ed25519 ';

/**
 * A cache of small things, as `fastly:cache` has it.
 * @typedef {{get(key: string): unknown, set(key: string, value: string, ttl: number): void}} SmallCache
 */

/**
 * @param {SmallCache} cache
 * @returns {import('../../verifier/keys.js').Ed25519}
 */
export function rememberingEd25519(cache) {
  return async (publicKey) => {
    ed25519.Point.fromBytes(publicKey);
    return async (signature, message) => {
      if (signature.length !== 64) return false;
      const name = await nameOf(publicKey, signature, message);
      if (cache.get(name) !== null) return true;
      // RFC 8032 5.1.7, not the laxer rules of ZIP 215.
      const holds = ed25519.verify(signature, message, publicKey, { zip215: false });
      if (holds) cache.set(name, '', REMEMBERED);
      return holds;
    };
  };
}

/**
 * A hash of all that decides: nothing else can have this name. Key and signature have their lengths.
 * @param {Uint8Array[]} parts
 */
async function nameOf(...parts) {
  const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return PREFIX + [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
