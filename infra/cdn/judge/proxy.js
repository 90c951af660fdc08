// A request on platforms whose functions fetch by themselves (Cloudflare, Fastly): judged, taken out of its token, and
// fetched from the edge as a puller.

import { answerTo, personal, withoutKeys } from './answer.js';
import { judge } from './verdict.js';
import { NoKeys } from './held_keys.js';

/** What makes us a puller (edge/delivery/src/pull.rs). */
const EDGE_SECRET = 'Segue-Edge-Secret';

/**
 * What an edge, or the platform's cache before it, heeds of a viewer's headers. Of the others any may hold a token (Referer:
 * the page's, or the playlist's URL), a password, or cookies.
 */
const PASSED_ON = ['Range', 'If-Range', 'If-Match', 'If-None-Match', 'Accept-Encoding'];
const CMCD = ['CMCD-Object', 'CMCD-Request', 'CMCD-Session', 'CMCD-Status'];

/**
 * What a platform lends.
 * @typedef {object} Platform
 * @property {import('./verdict.js').KeySource} keys
 * @property {() => Promise<string>} secret that makes us a puller
 * @property {(path: string, init: {method: string, headers: Headers, redirect: 'manual'}, cacheable: boolean) =>
 *   Promise<Response>} pull asks the edge through the platform's cache, or past it
 */

/**
 * @param {Request} request
 * @param {Platform} platform
 * @param {number} now in milliseconds since 1970
 * @returns {Promise<Response>}
 */
export async function proxy(request, platform, now) {
  const verdict = await judgeRequest(request, platform.keys, now);
  if (verdict === null) return respond(withoutKeys());
  if (!verdict.pass) return respond(answerTo(verdict));
  const headers = pulling(request.headers, await platform.secret());
  const init = { method: request.method, headers, redirect: /** @type {const} */ ('manual') };
  return forViewer(await platform.pull(verdict.path, init, verdict.cacheable));
}

/**
 * @param {Request} request
 * @param {import('./verdict.js').KeySource} keys
 * @param {number} now
 * @returns {Promise<import('./verdict.js').Passed | import('./verdict.js').Refused | null>} null where there are no keys
 */
async function judgeRequest(request, keys, now) {
  const { pathname, search } = new URL(request.url);
  const cookie = request.headers.get('cookie');
  const query = search === '' ? null : search.slice(1);
  const asked = { method: request.method, path: pathname, query, cookies: cookie === null ? [] : [cookie] };
  try {
    return await judge(asked, keys, now);
  } catch (error) {
    if (error instanceof NoKeys) return null;
    throw error;
  }
}

/**
 * What of the viewer's headers the edge may see, and our secret.
 * @param {Headers} viewers
 * @param {string} secret
 */
function pulling(viewers, secret) {
  const headers = new Headers({ [EDGE_SECRET]: secret });
  for (const name of [...PASSED_ON, ...CMCD]) {
    const value = viewers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return headers;
}

/** @param {Response} response */
function forViewer(response) {
  const headers = new Headers(response.headers);
  const control = headers.get('cache-control');
  if (control !== null) headers.set('cache-control', personal(control));
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

/** @param {import('./answer.js').Answer} answer */
function respond({ status, phrase, headers, body }) {
  return new Response(body === '' ? null : body, { status, statusText: phrase, headers });
}
