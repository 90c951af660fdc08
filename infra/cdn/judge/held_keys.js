// The key set as it is held between requests: fetched again when its time is over, and early, but rarely, for a key that
// is not in it. So keys are changed without deploying anything.

import { readKeys, webCryptoEd25519 } from './keys.js';

/** Between two fetches in milliseconds: where the answer does not say, and at least and at most whatever it says. */
const USUALLY = 300_000;
const LEAST = 5_000;
const MOST = 3_600_000;

/** Between two fetches for keys that are not in the set: forged names must not become requests. */
const BETWEEN_EARLY = 10_000;

/** After a fetch that failed while nothing is held. */
const REST = 1_000;

/** A set of some hundred keys. */
const LONGEST = 256 << 10;

/** No keys have been had yet: nobody can be let pass, or told why not. */
export class NoKeys extends Error {}

/**
 * Asks for the key set; `early` for a key that is not in the one that is held.
 * @typedef {(early: boolean) => Promise<Response>} Ask
 */

export class HeldKeys {
  /**
   * @param {Ask} ask
   * @param {import('./keys.js').Ed25519} [ed25519]
   */
  constructor(ask, ed25519 = webCryptoEd25519) {
    this.ask = ask;
    this.ed25519 = ed25519;
    /** @type {import('./keys.js').Keys | null} */
    this.keys = null;
    this.askAt = -Infinity;
    this.askEarlyAt = -Infinity;
  }

  /**
   * The keys in force.
   * @param {number} now in milliseconds
   * @returns {Promise<import('./keys.js').Keys>}
   * @throws {NoKeys}
   */
  async current(now) {
    if (now >= this.askAt) await this.fetch(now, false);
    if (this.keys === null) throw new NoKeys('no key set has been had yet');
    return this.keys;
  }

  /**
   * The keys in force, for a token that names one that was not among them: fetched anew, unless that was done just now.
   * @param {number} now in milliseconds
   * @returns {Promise<import('./keys.js').Keys>}
   */
  async renewed(now) {
    if (now < this.askEarlyAt) return this.current(now);
    this.askEarlyAt = now + BETWEEN_EARLY;
    await this.fetch(now, true);
    return this.current(now);
  }

  /**
   * Where it fails, what is held stays in force. Requests beside this one do not wait for it: a platform may end it with
   * the request that it belongs to.
   * @param {number} now
   * @param {boolean} early
   */
  async fetch(now, early) {
    if (this.keys !== null) this.askAt = now + LEAST;
    try {
      const answer = await this.ask(early);
      this.keys = await readKeys(await contents(answer), this.ed25519);
      this.askAt = now + freshness(answer.headers);
    } catch (error) {
      if (this.keys === null) this.askAt = now + REST;
      console.error(this.keys === null ? 'no key set yet:' : 'no key set, those from before stay in force:', String(error));
    }
  }
}

/** @param {Response} answer */
async function contents(answer) {
  if (answer.status !== 200) throw new Error(`the answer is ${answer.status}`);
  const text = await answer.text();
  if (text.length > LONGEST) throw new Error(`the answer is longer than ${LONGEST} bytes`);
  return text;
}

/**
 * What is left of `max-age` (RFC 9111 4.2), within bounds.
 * @param {Headers} headers
 */
function freshness(headers) {
  const control = headers.get('cache-control') ?? '';
  const stated = /(?:^|,)\s*max-age=(\d+)\s*(?:,|$)/.exec(control)?.[1];
  const age = /^\d+$/.exec(headers.get('age') ?? '')?.[0] ?? '0';
  const left = stated === undefined ? USUALLY : (Number(stated) - Number(age)) * 1_000;
  return Math.min(Math.max(left, LEAST), MOST);
}
