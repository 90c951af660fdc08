// Lambda@Edge has no environment variables: what differs between sites is said here before it is deployed.

/** `/.well-known/jwks.json` of the API, or a copy of it. */
export const KEYS = 'https://music.example/.well-known/jwks.json';
