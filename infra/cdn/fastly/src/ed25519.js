// Ed25519 where WebCrypto has none: Fastly's knows RSASSA-PKCS1-v1_5, ECDSA and HMAC. In JavaScript that no JIT compiles,
// a signature costs tens of milliseconds, so those that hold are remembered.

import { ed25519 } from '@noble/curves/ed25519.js';
import { hexToBytes } from '@noble/curves/utils.js';

/** How long a signature that held is remembered, in seconds. It holds for ever: what may end is looked at by others. */
const REMEMBERED = 3_600;

/** Names what is remembered in the cache, which others may use, too. */
const PREFIX = 'segue ed25519 ';

/**
 * RFC 8032 7.1, test 2. Checked while the package is built, whose first request then finds the tables that the first
 * signature makes.
 */
const KNOWN = {
  publicKey: hexToBytes('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'),
  message: hexToBytes('72'),
  signature: hexToBytes(
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ),
};
if (!holds(KNOWN.signature, KNOWN.message, KNOWN.publicKey)) throw new Error('Ed25519 is broken here');

/**
 * A cache of small things, as `fastly:cache` has it.
 * @typedef {{get(key: string): unknown, set(key: string, value: string, ttl: number): void}} SmallCache
 */

/**
 * @param {SmallCache} cache
 * @returns {import('../../judge/keys.js').Ed25519}
 */
export function rememberingEd25519(cache) {
  return async (publicKey) => {
    ed25519.Point.fromBytes(publicKey);
    return async (signature, message) => {
      if (signature.length !== 64) return false;
      const name = await nameOf(publicKey, signature, message);
      if (cache.get(name) !== null) return true;
      if (!holds(signature, message, publicKey)) return false;
      cache.set(name, '', REMEMBERED);
      return true;
    };
  };
}

/**
 * By RFC 8032 5.1.7, not the laxer rules of ZIP 215.
 * @param {Uint8Array} signature
 * @param {Uint8Array} message
 * @param {Uint8Array} publicKey
 */
function holds(signature, message, publicKey) {
  return ed25519.verify(signature, message, publicKey, { zip215: false });
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
