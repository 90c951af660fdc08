// What the edge says to each request of the table, the verifier says.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { rememberingEd25519 } from '../fastly/src/ed25519.js';
import { answerTo } from '../judge/answer.js';
import { judge } from '../judge/verdict.js';
import { readKeys, webCryptoEd25519 } from '../judge/keys.js';
import { fixed, table } from './table.js';

/** As on Fastly, with a cache that forgets at once. */
const ed25519 = rememberingEd25519({ get: () => null, set() {} });

/** A verdict that differs, with all that is needed to see why. */
const difference = (row, said) => JSON.stringify({ ...row, answer: undefined, said });

for (const [name, signatures] of [
  ['WebCrypto', webCryptoEd25519],
  ['JavaScript', ed25519],
]) {
  test(`every verdict is the edge's, by ${name}`, async () => {
    const keys = fixed(await readKeys(table.jwks, signatures));
    const different = [];
    for (const row of table.rows) {
      const said = await judge(row, keys, table.now);
      if (JSON.stringify(said) !== JSON.stringify(sorted(row.verdict))) different.push(difference(row, said));
    }
    assert.equal(different.length, 0, `${different.length} differ, the first: ${different.slice(0, 3).join('\n')}`);
  });
}

/** The table's members are in another order. */
function sorted({ pass, path, cacheable, status, reason }) {
  return pass ? { pass, path, cacheable } : { pass, status, reason };
}

test("every refusal's head and body are the edge's", () => {
  const refused = table.rows.filter(({ verdict, answer }) => !verdict.pass && answer !== null);
  assert.ok(new Set(refused.map(({ verdict }) => verdict.reason)).size > 12);
  for (const { what, method, verdict, answer } of refused) {
    const { headers, body } = answerTo(verdict);
    const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    assert.deepEqual(named, answer.headers, what);
    if (method !== 'HEAD') assert.equal(body, answer.body, what);
  }
});

test('every key set is read as the edge reads it', async () => {
  for (const { json, kids } of table.keySets) {
    const read = readKeys(json, webCryptoEd25519).then((keys) => [...keys.keys()].sort());
    assert.deepEqual(await read.catch(() => null), kids, json);
  }
});

test('a key that is no point of its curve makes no key set', async () => {
  const off = { kty: 'EC', crv: 'P-256', kid: 'a', x: 'A'.repeat(43), y: 'A'.repeat(43) };
  await assert.rejects(readKeys(JSON.stringify({ keys: [off] }), webCryptoEd25519));
  const no = { kty: 'OKP', crv: 'Ed25519', kid: 'a', x: `Ag${'A'.repeat(41)}` };
  await assert.rejects(readKeys(JSON.stringify({ keys: [no] }), ed25519));
});
