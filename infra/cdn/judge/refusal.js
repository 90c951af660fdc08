// Why a token or a path is refused: the stable names of shared/token/src/refusal.rs and edge/delivery/src/refused.rs.

/**
 * @typedef {'missing' | 'malformed' | 'unknown-alg' | 'wrong-alg' | 'unknown-key' | 'bad-signature' | 'wrong-type'
 *   | 'wrong-issuer' | 'wrong-audience' | 'expired' | 'not-yet-valid' | 'wrong-path' | 'over-cap'
 *   | 'bad-path' | 'too-long'} Reason
 */

/** Thrown by what looks at a token; it never leaves the verifier. */
export class Refusal extends Error {
  /** @param {Reason} reason */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }

  /** 401 where a token would help, 403 where this one does not. */
  get status() {
    switch (this.reason) {
      case 'missing':
        return 401;
      case 'too-long':
        return 414;
      default:
        return 403;
    }
  }
}
