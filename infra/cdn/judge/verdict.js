// Whether a request may have what it asks for, and what it is answered if not: what edge/delivery/src/edge.rs says of it.
//
// Reading order: this file, target.js and song_file.js (what the path asks for), carrier.js (where the token is),
// playback.js (what it must be: base64url.js, flat_object.js), keys.js and held_keys.js (who signs), answer.js.

import { carriedToken } from './carrier.js';
import { Refusal } from './refusal.js';
import { readTarget } from './target.js';
import { verify } from './playback.js';

/**
 * What of a request matters here.
 * @typedef {object} Asked
 * @property {string} method
 * @property {string} path as it came, with its leading slash and any token, without the query
 * @property {string | null} query without its question mark
 * @property {string[]} cookies each Cookie header by itself
 */

/**
 * Passed: `path` is what to ask the edge for, token removed, without any query; `cacheable` says whether a cache may keep
 * the answer. Refused: `reason` is null where the status says all.
 * @typedef {{pass: true, path: string, cacheable: boolean}} Passed
 * @typedef {{pass: false, status: number, reason: import('./refusal.js').Reason | null}} Refused
 */

/** Where keys come from: `HeldKeys`, or a set that never changes. */
/** @typedef {Pick<import('./held_keys.js').HeldKeys, 'current' | 'renewed'>} KeySource */

/**
 * @param {Asked} asked
 * @param {KeySource} keys
 * @param {number} now in milliseconds since 1970
 * @returns {Promise<Passed | Refused>}
 * @throws {import('./held_keys.js').NoKeys}
 */
export async function judge(asked, keys, now) {
  const target = readTarget(asked.path);
  if (target.kind === 'other') return refused(404);
  if (asked.method === 'OPTIONS') return refused(204);
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return refused(405);
  try {
    if (target.kind !== 'song') throw new Refusal(target.kind === 'crooked' ? 'bad-path' : 'too-long');
    const { key, requirement } = target;
    const token = target.token ?? carriedToken(asked.query, asked.cookies);
    await check(keys, token, key, requirement?.kbps ?? null, now);
    // No object can be there: nobody need be asked.
    return requirement ? { pass: true, path: `/${key}`, cacheable: requirement.cacheable } : refused(404);
  } catch (error) {
    if (error instanceof Refusal) return { pass: false, status: error.status, reason: error.reason };
    throw error;
  }
}

/**
 * Verifies with the keys that are held, and once more where one is named that was not among them.
 * @param {KeySource} keys
 * @param {string} token
 * @param {string} key
 * @param {number | null} kbps
 * @param {number} now
 */
async function check(keys, token, key, kbps, now) {
  try {
    await verify(await keys.current(now), token, key, kbps, now);
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason !== 'unknown-key') throw error;
    await verify(await keys.renewed(now), token, key, kbps, now);
  }
}

/**
 * @param {number} status
 * @returns {Refused}
 */
function refused(status) {
  return { pass: false, status, reason: null };
}
