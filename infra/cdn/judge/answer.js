// What is answered without asking the edge: heads as edge/delivery/src/head.rs writes them. Nobody may keep them.

const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers':
    'Accept-Ranges, Age, Cache-Status, Content-Encoding, Content-Length, Content-Range, Date, ETag, ' +
    'Repr-Digest, Retry-After, Segue-Refusal, Server-Timing',
  'Timing-Allow-Origin': '*',
};

const METHODS = 'GET, HEAD, OPTIONS';

const PREFLIGHT = {
  ...CORS,
  'Access-Control-Allow-Methods': METHODS,
  'Access-Control-Allow-Headers':
    'Range, If-Match, If-Range, If-None-Match, CMCD-Object, CMCD-Request, CMCD-Session, CMCD-Status',
  'Access-Control-Max-Age': '86400',
};

/** @type {Record<number, string>} */
const PHRASES = {
  204: 'No Content',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  414: 'URI Too Long',
  503: 'Service Unavailable',
};

/**
 * @typedef {{status: number, phrase: string, headers: Record<string, string>, body: string}} Answer
 */

/**
 * The answer to a request that is not passed on.
 * @param {import('./verdict.js').Refused} refused
 * @returns {Answer}
 */
export function answerTo({ status, reason }) {
  if (status === 204) return { status, phrase: PHRASES[204], headers: { ...PREFLIGHT }, body: '' };
  /** @type {Record<string, string>} */
  const headers = { ...CORS, 'Cache-Control': 'no-store', 'Content-Type': 'text/plain; charset=utf-8' };
  if (status === 401) headers['WWW-Authenticate'] = 'SignedURL realm="segue"';
  if (status === 405) headers.Allow = METHODS;
  if (reason !== null) headers['Segue-Refusal'] = reason;
  return { status, phrase: PHRASES[status], headers, body: reason ?? PHRASES[status] };
}

/**
 * The answer where no key set can be had: nobody is let pass, and nobody is told that the token is wrong.
 * @returns {Answer}
 */
export function withoutKeys() {
  const answer = answerTo({ pass: false, status: 503, reason: null });
  answer.headers['Retry-After'] = '1';
  return answer;
}

/**
 * `Cache-Control` for a viewer, whose URL holds the viewer's secret: the edge lets a CDN keep for everybody what a viewer's
 * own cache alone may keep.
 * @param {string} control
 */
export function personal(control) {
  return control.replace(/^public,/, 'private,');
}
