// Keys that change while the verifier runs.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { judge } from '../judge/verdict.js';
import { HeldKeys, NoKeys } from '../judge/held_keys.js';
import { table } from './table.js';

const { now, live, jwks: both } = table;

/** A source that answers what it is told to, and counts. */
function source(jwks) {
  const its = { jwks, headers: {}, status: 200, asked: 0, early: 0 };
  const ask = async (early) => {
    its.asked += 1;
    its.early += early ? 1 : 0;
    if (its.jwks === null) throw new Error('nobody answers');
    return new Response(its.jwks, { status: its.status, headers: its.headers });
  };
  return { its, keys: new HeldKeys(ask) };
}

const good = table.rows.find(({ what, verdict }) => what === 'P-256' && verdict.pass);
const ours = table.rows.find(({ what, verdict }) => what === 'HEAD' && verdict.pass);
const unknown = table.rows.find(({ verdict }) => verdict.reason === 'unknown-key');
const reason = async (row, keys, at) => (await judge(row, keys, at)).reason ?? 'passed';

test('a set is fetched once and held for its max-age', async () => {
  const { its, keys } = source(both);
  its.headers = { 'Cache-Control': 'public, max-age=300', Age: '100' };
  for (const later of [0, 1_000, 199_999]) await judge(ours, keys, now + later);
  assert.equal(its.asked, 1);
  await judge(ours, keys, now + 200_000);
  assert.deepEqual([its.asked, its.early], [2, 0]);
});

test('a key that is new is fetched once somebody shows a token of it', async () => {
  const { its, keys } = source(live.eddsaKeys);
  assert.equal(await reason(ours, keys, now), 'passed');
  its.jwks = both;
  assert.equal(await reason(good, keys, now + 1), 'passed');
  assert.deepEqual([its.asked, its.early], [2, 1]);
});

test('a key that is taken away is believed no longer than its max-age', async () => {
  const { its, keys } = source(both);
  its.headers = { 'Cache-Control': 'max-age=60' };
  assert.equal(await reason(good, keys, now), 'passed');
  its.jwks = live.eddsaKeys;
  assert.equal(await reason(good, keys, now + 59_999), 'passed');
  assert.equal(await reason(good, keys, now + 60_000), 'unknown-key');
});

test('names that nobody knows are no way to have the set fetched', async () => {
  const { its, keys } = source(both);
  await Promise.all(Array.from({ length: 100 }, (_, at) => judge(unknown, keys, now + at)));
  for (let at = 100; at < 10_000; at += 100) assert.equal(await reason(unknown, keys, now + at), 'unknown-key');
  assert.equal(its.early, 1);
  await judge(unknown, keys, now + 10_100);
  assert.equal(its.early, 2);
});

test('where nobody answers, or no key set, what is held stays in force', async () => {
  const { its, keys } = source(both);
  await judge(ours, keys, now);
  for (const [at, broken] of [null, 'no JSON', '{"keys":[]}', ' '.repeat(300_000)].entries()) {
    its.jwks = broken;
    assert.equal(await reason(ours, keys, now + 3_600_000 + at * 5_000), 'passed');
    assert.equal(its.asked, 2 + at);
    assert.equal(await reason(ours, keys, now + 3_600_000 + at * 5_000 + 4_999), 'passed');
    assert.equal(its.asked, 2 + at, 'asked again only after a while');
  }
  [its.jwks, its.status] = [both, 500];
  assert.equal(await reason(ours, keys, now + 3_700_000), 'passed');
});

test('without any keys nobody is let pass, and who asks does not wait each time', async () => {
  const { its, keys } = source(null);
  await assert.rejects(judge(ours, keys, now), NoKeys);
  await assert.rejects(judge(ours, keys, now + 999), NoKeys);
  assert.equal(its.asked, 1);
  its.jwks = both;
  assert.equal(await reason(ours, keys, now + 1_000), 'passed');
});
