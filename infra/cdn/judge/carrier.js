// The token of a request whose path has none (edge/delivery/src/carrier.rs): RFC 9246's query parameter or its cookie.

import { Refusal } from './refusal.js';

/** The attribute's registered name, of the parameter and of the cookie. */
const NAME = 'URISigningPackage';

/**
 * The one token of the request. The query goes before the cookies; two of either are refused.
 * @param {string | null} query without its question mark
 * @param {string[]} cookies each Cookie header by itself
 * @returns {string}
 * @throws {Refusal}
 */
export function carriedToken(query, cookies) {
  const token = one((query ?? '').split('&')) ?? one(cookies.filter(isText).flatMap((it) => it.split(';')));
  if (token === null) throw new Refusal('missing');
  return token;
}

/**
 * A Cookie header without our cookie; null where nothing else is in it.
 * @param {string} cookies
 * @returns {string | null}
 */
export function withoutToken(cookies) {
  const others = cookies.split(';').map(trimmed).filter((pair) => pair !== '' && value(pair) === null);
  return others.length > 0 ? others.join('; ') : null;
}

/**
 * The value of the one pair that has the name. None is decoded: tokens need no escapes.
 * @param {string[]} pairs
 * @returns {string | null}
 */
function one(pairs) {
  const values = pairs.map(trimmed).map(value).filter((it) => it !== null);
  if (values.length > 1) throw new Refusal('malformed');
  return values[0] ?? null;
}

/** @param {string} pair */
function value(pair) {
  return pair.startsWith(`${NAME}=`) ? pair.slice(NAME.length + 1) : null;
}

/** @param {string} pair */
function trimmed(pair) {
  return pair.replace(/^[ \t\n\f\r]+|[ \t\n\f\r]+$/g, '');
}

/**
 * A header with any other byte is none of ours.
 * @param {string} header
 */
function isText(header) {
  return /^[\x20-\x7e\t]*$/.test(header);
}
