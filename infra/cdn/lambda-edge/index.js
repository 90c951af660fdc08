// The verifier as a Lambda@Edge function for CloudFront's viewer requests. README.md says how it is deployed.

import { HeldKeys } from '../judge/held_keys.js';
import { KEYS } from './settings.js';
import { viewerRequest } from './viewer_request.js';

/** How long a fetch of the key set may take, in milliseconds: CloudFront waits 5 s for all of it. */
const TIMEOUT = 2_000;

const keys = new HeldKeys(() => fetch(KEYS, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT) }));

/** @param {import('./viewer_request.js').Event} event */
export const handler = (event) => viewerRequest(event, keys, Date.now());
