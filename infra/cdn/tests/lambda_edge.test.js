// The Lambda@Edge function with events as CloudFront sends them, packed as it is deployed. CloudFront itself is not here.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { table } from './table.js';

const { live } = table;
let [handler, folder, server] = [];

before(async () => {
  server = createServer((_, response) => response.end(table.jwks)).listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  folder = mkdtempSync(join(tmpdir(), 'segue-lambda-'));
  execFileSync(fileURLToPath(new URL('../lambda-edge/pack', import.meta.url)), [folder]);
  const settings = `export const KEYS = 'http://127.0.0.1:${server.address().port}/';\n`;
  writeFileSync(join(folder, 'lambda-edge/settings.js'), settings);
  ({ handler } = await import(join(folder, 'lambda-edge/index.js')));
});

after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** A viewer's request as the developer guide shows it (event structure, viewer request). */
function event({ uri = live.path, querystring = '', method = 'GET', headers = {} }) {
  const listed = { host: [{ key: 'Host', value: 'd111111abcdef8.cloudfront.net' }], ...headers };
  const config = { distributionId: 'EDFDVBD6EXAMPLE', eventType: 'viewer-request', requestId: 'an id' };
  const request = { clientIp: '203.0.113.178', headers: listed, method, querystring, uri };
  return { Records: [{ cf: { config, request } }] };
}

const cookie = (...values) => ({ cookie: values.map((value) => ({ key: 'Cookie', value })) });

test('a token is taken out of path, query and cookie', async () => {
  const token = live.eddsa;
  for (const asked of [
    { uri: `/t/${token}${live.path}`, querystring: 'CMCD=br%3D320' },
    { querystring: `a=b&URISigningPackage=${token}` },
    { headers: cookie(`URISigningPackage=${token}`) },
    { uri: `/t/${live.es256}${live.path}` },
  ]) {
    const passed = await handler(event(asked));
    assert.equal(passed.uri, live.path);
    assert.equal(passed.querystring, '');
    assert.equal(passed.headers.cookie, undefined);
    assert.equal(passed.headers.host[0].value, 'd111111abcdef8.cloudfront.net');
    assert.equal(passed.clientIp, '203.0.113.178', 'what CloudFront gave is handed back');
    assert.ok(!JSON.stringify(passed).includes(token.slice(0, 40)));
  }
});

test('other cookies stay, a secret of the viewer does not', async () => {
  const headers = {
    ...cookie(`a=b; URISigningPackage=${live.eddsa}; c=d`, 'e=f'),
    'segue-edge-secret': [{ key: 'Segue-Edge-Secret', value: 'a guess' }],
  };
  const passed = await handler(event({ headers }));
  assert.deepEqual(passed.headers.cookie.map(({ value }) => value), ['a=b; c=d', 'e=f']);
  assert.equal(passed.headers['segue-edge-secret'], undefined);
});

test('a refusal is a response as CloudFront takes it', async () => {
  for (const [asked, status, phrase, reason] of [
    [{}, '401', 'Unauthorized', 'missing'],
    [{ uri: `/t/${live.capped}${live.path}` }, '403', 'Forbidden', 'over-cap'],
    [{ headers: cookie(`URISigningPackage=${live.eddsa}`, `URISigningPackage=${live.eddsa}`) }, '403', 'Forbidden', 'malformed'],
    [{ uri: `/t/${live.eddsa}/artist/../x` }, '403', 'Forbidden', 'bad-path'],
    [{ uri: `/t/${'a'.repeat(5_000)}` }, '414', 'URI Too Long', 'too-long'],
    [{ method: 'POST' }, '405', 'Method Not Allowed', undefined],
    [{ uri: '/v1/songs' }, '404', 'Not Found', undefined],
    [{ method: 'OPTIONS' }, '204', 'No Content', undefined],
  ]) {
    const refused = await handler(event(asked));
    assert.deepEqual([refused.status, refused.statusDescription], [status, phrase]);
    assert.equal(refused.headers['segue-refusal']?.[0].value, reason);
    assert.equal(refused.headers['access-control-allow-origin'][0].value, '*');
    if (status !== '204') assert.equal(refused.headers['cache-control'][0].value, 'no-store');
    // 40 KB is what a viewer's request may be answered with.
    assert.ok(JSON.stringify(refused).length < 2_048);
  }
});
