// What a request asks for, read off its path (edge/delivery/src/target.rs).

import { requirement } from './song_file.js';

/** The longest path that is looked at, in bytes. */
const LONGEST = 4_096;

/**
 * What a path asks for.
 *
 * `other`: nothing of the edge's. `too-long`: longer than any path of ours. `crooked`: written as no path of ours is.
 * `song`: `token` is null where the path has none; `requirement` is null where no object can have this key.
 * @typedef {{kind: 'other' | 'too-long' | 'crooked'}
 *   | {kind: 'song', token: string | null, key: string, requirement: import('./song_file.js').Requirement | null}} Target
 */

/**
 * Reads a path as it came. Nothing of ours needs an escape, so nothing is ever decoded.
 * @param {string} path with its leading slash, without the query
 * @returns {Target}
 */
export function readTarget(path) {
  const signed = path.startsWith('/t/');
  if (!signed && !/^\/artist\/[^/]*\/album\//.test(path)) return { kind: 'other' };
  if (byteLength(path) > LONGEST) return { kind: 'too-long' };
  const [token, key] = signed ? split(path.slice('/t/'.length)) : [null, path.slice(1)];
  if (isCrooked(key)) return { kind: 'crooked' };
  return { kind: 'song', token, key, requirement: requirement(key) };
}

/**
 * A token and what follows it.
 * @param {string} rest
 * @returns {[string, string]}
 */
function split(rest) {
  const slash = rest.indexOf('/');
  return slash < 0 ? [rest, ''] : [rest.slice(0, slash), rest.slice(slash + 1)];
}

/** @param {string} key */
function isCrooked(key) {
  if (!/^[A-Za-z0-9/\-._]*$/.test(key)) return true;
  return key !== '' && key.split('/').some((part) => part === '' || part === '.' || part === '..');
}

/**
 * In UTF-8. A text has at least as many bytes as UTF-16 units, so most need no counting.
 * @param {string} text
 */
export function byteLength(text) {
  return text.length > LONGEST ? text.length : new TextEncoder().encode(text).length;
}
