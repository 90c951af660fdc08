// What the edge said to a table of requests (edge/delivery/tests/delivery/verifiers.rs writes it), and keys and tokens of now.

import { readFileSync } from 'node:fs';

const path = process.env.SEGUE_TABLE;
if (!path) throw new Error('SEGUE_TABLE names no table: cargo nextest run -p segue-delivery verifiers makes one');

export const table = JSON.parse(readFileSync(path, 'utf8'));

/** Keys that never change. */
export const fixed = (keys) => ({ current: async () => keys, renewed: async () => keys });
