// The playback token: a compact JWS whose claims say who may fetch what, up to which rate and until when
// (shared/token/src: jws.rs, playback.rs, prefix.rs, numeric_date.rs).

import { decode } from './base64url.js';
import { readFlatObject } from './flat_object.js';
import { Refusal } from './refusal.js';
import { byteLength } from './target.js';

/** In bytes, longer than any token that is minted: what is longer is not even parsed. */
const LONGEST = 2_048;

/** How far the minter's clock may run ahead, in seconds. It counts at the start of a token's life alone. */
const SKEW = 60n;

/** The longest that any token lives, in seconds: the window that it is minted in, and three times 1,000 hours. */
const LONGEST_LIFE = 6n * 3_600n + 3n * 1_000n * 3_600n;

const LAST_NUMBER = (1n << 64n) - 1n;

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const LISTENER = new RegExp(`^${UUID}$`);

/** `cdniuc` in its one form: any host, the folder of one version, anything below it. */
const CONTAINER = /^regex:\^https\?:\/\/\[\^\/\]\+\/(artist\/[a-z0-9-]+\/album\/[a-z0-9-]+\/[a-z0-9-]+\/[a-z0-9-]+)\/\.\*\$$/;

/**
 * What a token says.
 * @typedef {{iss: string, aud: string, sub: string, sid: string, jti: string, folder: string,
 *   iat: bigint, nbf: bigint, exp: bigint, cdniv: bigint, maxKbps: bigint}} Claims
 */

/**
 * Verifies a token for one request.
 * @param {import('./keys.js').Keys} keys
 * @param {string} token
 * @param {string} key the object's, without a slash before it
 * @param {number | null} kbps that the listener must be entitled to
 * @param {number} now in milliseconds since 1970
 * @returns {Promise<void>}
 * @throws {Refusal}
 */
export async function verify(keys, token, key, kbps, now) {
  const claims = await open(keys, token);
  if (claims.cdniv !== 1n) throw new Refusal('malformed');
  if (claims.iss !== 'segue') throw new Refusal('wrong-issuer');
  if (claims.aud !== 'segue-edge') throw new Refusal('wrong-audience');
  // A longer life than any that is minted would outlive its revocation.
  if (claims.exp - claims.iat > LONGEST_LIFE) throw new Refusal('malformed');
  checkTime(claims, BigInt(Math.floor(now / 1_000)));
  if (!key.startsWith(`${claims.folder}/`) || key.length === claims.folder.length + 1) throw new Refusal('wrong-path');
  if (kbps !== null && BigInt(kbps) > claims.maxKbps) throw new Refusal('over-cap');
}

/**
 * The end is exact and excluded (RFC 7519 4.1.4).
 * @param {Claims} claims
 * @param {bigint} now in seconds
 */
function checkTime({ iat, nbf, exp }, now) {
  if (now >= exp) throw new Refusal('expired');
  if (now + SKEW < (nbf > iat ? nbf : iat)) throw new Refusal('not-yet-valid');
}

/**
 * The claims of a token that one of `keys` signed. Nothing of them is parsed before the signature holds.
 * @param {import('./keys.js').Keys} keys
 * @param {string} token
 * @returns {Promise<Claims>}
 */
async function open(keys, token) {
  if (token === '') throw new Refusal('missing');
  if (byteLength(token) > LONGEST) throw new Refusal('malformed');
  const parts = token.split('.');
  if (parts.length !== 3) throw new Refusal('malformed');
  const [header, claims, signature] = parts;
  await checkSignature(keys, header, `${header}.${claims}`, signature);
  return readClaims(decoded(claims));
}

/**
 * @param {import('./keys.js').Keys} keys
 * @param {string} header
 * @param {string} message
 * @param {string} signature
 */
async function checkSignature(keys, header, message, signature) {
  const members = readFlatObject(decoded(header), { escapes: false });
  if (members === null || members.size !== 3) throw new Refusal('malformed');
  const [alg, kid, typ] = [text(members, 'alg'), text(members, 'kid'), text(members, 'typ')];
  if (alg !== 'EdDSA' && alg !== 'ES256') throw new Refusal('unknown-alg');
  if (typ !== 'play+jwt') throw new Refusal('wrong-type');
  const key = keys.get(kid);
  if (key === undefined) throw new Refusal('unknown-key');
  if (key.algorithm !== alg) throw new Refusal('wrong-alg');
  const holds = await key.verify(decoded(signature), new TextEncoder().encode(message));
  if (!holds) throw new Refusal('bad-signature');
}

/**
 * All claims and no other: one that is not known could be a restriction that nobody enforces (RFC 9246 2.1.9).
 * @param {Uint8Array} bytes
 * @returns {Claims}
 */
function readClaims(bytes) {
  const members = readFlatObject(bytes, { escapes: true });
  if (members === null || members.size !== 11) throw new Refusal('malformed');
  const folder = CONTAINER.exec(text(members, 'cdniuc'))?.[1];
  const sub = text(members, 'sub');
  if (folder === undefined || !LISTENER.test(sub)) throw new Refusal('malformed');
  return {
    iss: text(members, 'iss'),
    aud: text(members, 'aud'),
    sub,
    sid: text(members, 'sid'),
    jti: text(members, 'jti'),
    folder,
    iat: number(members, 'iat', LAST_NUMBER),
    nbf: number(members, 'nbf', LAST_NUMBER),
    exp: number(members, 'exp', LAST_NUMBER),
    cdniv: number(members, 'cdniv', 255n),
    maxKbps: number(members, 'max_kbps', 65_535n),
  };
}

/**
 * @param {import('./flat_object.js').Members} members
 * @param {string} name
 */
function text(members, name) {
  const value = members.get(name);
  if (typeof value !== 'string') throw new Refusal('malformed');
  return value;
}

/**
 * @param {import('./flat_object.js').Members} members
 * @param {string} name
 * @param {bigint} most
 */
function number(members, name, most) {
  const value = members.get(name);
  if (typeof value !== 'bigint' || value > most) throw new Refusal('malformed');
  return value;
}

/** @param {string} part */
function decoded(part) {
  const bytes = decode(part);
  if (bytes === null) throw new Refusal('malformed');
  return bytes;
}
