// Whose tokens are believed: a JSON Web Key set (RFC 7517), as shared/token/src/key.rs reads it. A key knows its
// algorithm, so that a token cannot choose one.

import { decode } from './base64url.js';

/**
 * @typedef {'EdDSA' | 'ES256'} Algorithm
 * @typedef {Uint8Array<ArrayBuffer>} Bytes
 * @typedef {(signature: Bytes, message: Bytes) => Promise<boolean>} Verify
 * @typedef {{algorithm: Algorithm, verify: Verify}} Key
 * @typedef {Map<string, Key>} Keys by `kid`
 */

/**
 * Makes what verifies signatures of an Ed25519 key of 32 bytes: the platform's WebCrypto, or something else where that has
 * no Ed25519.
 * @typedef {(key: Bytes) => Promise<Verify>} Ed25519
 */

/** The text is no key set, or a key in it is damaged or says two things. */
export class UnusableKeys extends Error {}

/**
 * Reads a key set. Keys of other kinds, for other uses or without a name are passed over.
 * @param {string} json
 * @param {Ed25519} ed25519
 * @returns {Promise<Keys>}
 * @throws {UnusableKeys}
 */
export async function readKeys(json, ed25519) {
  /** @type {Keys} */
  const keys = new Map();
  for (const jwk of listed(json)) {
    const algorithm = algorithmOf(jwk);
    if (algorithm === null || typeof jwk.kid !== 'string' || (jwk.use ?? 'sig') !== 'sig') continue;
    if ((jwk.alg ?? algorithm) !== algorithm) throw new UnusableKeys(`key '${jwk.kid}': its 'alg' does not fit its kind`);
    if (keys.has(jwk.kid)) throw new UnusableKeys(`two keys are called '${jwk.kid}'`);
    keys.set(jwk.kid, { algorithm, verify: await verifier(jwk, algorithm, ed25519) });
  }
  if (keys.size === 0) throw new UnusableKeys("the key set holds no Ed25519 or P-256 key with a 'kid'");
  return keys;
}

/**
 * @param {string} json
 * @returns {Record<string, unknown>[]}
 */
function listed(json) {
  let set;
  try {
    set = JSON.parse(json);
  } catch {
    throw new UnusableKeys('no JSON');
  }
  if (!Array.isArray(set?.keys) || !set.keys.every((/** @type {unknown} */ key) => key instanceof Object)) {
    throw new UnusableKeys('no JSON Web Key set');
  }
  return set.keys;
}

/**
 * @param {Record<string, unknown>} jwk
 * @returns {Algorithm | null}
 */
function algorithmOf({ kty, crv }) {
  if (kty === 'OKP' && crv === 'Ed25519') return 'EdDSA';
  return kty === 'EC' && crv === 'P-256' ? 'ES256' : null;
}

/**
 * @param {Record<string, unknown>} jwk
 * @param {Algorithm} algorithm
 * @param {Ed25519} ed25519
 * @returns {Promise<Verify>}
 */
async function verifier(jwk, algorithm, ed25519) {
  const [x, y] = [coordinate(jwk.x), coordinate(algorithm === 'ES256' ? jwk.y : jwk.x)];
  if (x === null || y === null) throw new UnusableKeys(`key '${jwk.kid}' is not 32 bytes of base64url`);
  try {
    return algorithm === 'ES256' ? await es256(x, y) : await ed25519(x);
  } catch {
    throw new UnusableKeys(`key '${jwk.kid}' is no point of its curve`);
  }
}

/**
 * @param {unknown} text
 * @returns {Bytes | null}
 */
function coordinate(text) {
  const bytes = typeof text === 'string' ? decode(text) : null;
  return bytes?.length === 32 ? bytes : null;
}

/**
 * RFC 7518 3.4: the signature is r and s of 32 bytes each, never DER.
 * @param {Bytes} x
 * @param {Bytes} y
 * @returns {Promise<Verify>}
 */
async function es256(x, y) {
  const jwk = { kty: 'EC', crv: 'P-256', x: encoded(x), y: encoded(y), ext: true };
  const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
  return (signature, message) => verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, message);
}

/**
 * RFC 8037, by the platform's WebCrypto.
 * @type {Ed25519}
 */
export async function webCryptoEd25519(x) {
  const key = await crypto.subtle.importKey('raw', x, { name: 'Ed25519' }, false, ['verify']);
  return (signature, message) => verify({ name: 'Ed25519' }, key, signature, message);
}

/**
 * Signatures of both kinds have 64 bytes; some platforms throw at any other length.
 * @param {EcdsaParams | Algorithm_} algorithm
 * @param {CryptoKey} key
 * @param {Bytes} signature
 * @param {Bytes} message
 */
async function verify(algorithm, key, signature, message) {
  return signature.length === 64 && crypto.subtle.verify(algorithm, key, signature, message);
}

/** @typedef {{name: string}} Algorithm_ */

/** @param {Bytes} bytes */
function encoded(bytes) {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
