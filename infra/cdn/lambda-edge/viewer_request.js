// A viewer's request as CloudFront hands it over: answered where it is refused, else handed back without its token, before
// CloudFront makes its cache key of it. The edge's secret is none of ours: CloudFront adds it to what it asks the origin.

import { answerTo, withoutKeys } from '../judge/answer.js';
import { withoutToken } from '../judge/carrier.js';
import { judge } from '../judge/verdict.js';
import { NoKeys } from '../judge/held_keys.js';

/**
 * As CloudFront writes them: names in lower case, each with all its values.
 * @typedef {Record<string, {key?: string, value: string}[]>} Headers_
 * @typedef {{method: string, uri: string, querystring: string, headers: Headers_}} Request_
 * @typedef {{Records: {cf: {request: Request_}}[]}} Event
 * @typedef {{status: string, statusDescription: string, headers: Headers_, body: string}} Response_
 */

/**
 * @param {Event} event
 * @param {import('../judge/verdict.js').KeySource} keys
 * @param {number} now in milliseconds since 1970
 * @returns {Promise<Request_ | Response_>}
 */
export async function viewerRequest(event, keys, now) {
  const { request } = event.Records[0].cf;
  try {
    const verdict = await judge(asked(request), keys, now);
    return verdict.pass ? stripped(request, verdict.path) : response(answerTo(verdict));
  } catch (error) {
    if (error instanceof NoKeys) return response(withoutKeys());
    throw error;
  }
}

/**
 * @param {Request_} request
 * @returns {import('../judge/verdict.js').Asked}
 */
function asked({ method, uri, querystring, headers }) {
  const cookies = (headers.cookie ?? []).map(({ value }) => value);
  return { method, path: uri, query: querystring === '' ? null : querystring, cookies };
}

/**
 * @param {Request_} request
 * @param {string} path
 * @returns {Request_}
 */
function stripped(request, path) {
  const { cookie = [], 'segue-edge-secret': _, ...headers } = request.headers;
  const others = cookie.map(({ value }) => withoutToken(value)).filter((value) => value !== null);
  if (others.length > 0) headers.cookie = others.map((value) => ({ key: 'Cookie', value }));
  return { ...request, uri: path, querystring: '', headers };
}

/**
 * @param {import('../judge/answer.js').Answer} answer
 * @returns {Response_}
 */
function response({ status, phrase, headers, body }) {
  const listed = Object.entries(headers).map(([key, value]) => [key.toLowerCase(), [{ key, value }]]);
  return { status: String(status), statusDescription: phrase, headers: Object.fromEntries(listed), body };
}
