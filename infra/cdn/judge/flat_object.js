// The JSON of a token's header and claims: one object of strings and whole numbers. JSON.parse would not do: it keeps
// the last of two members of one name, and rounds numbers of 64 bits.

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const NUMBER = /0|[1-9][0-9]*/y;

/** With the flag u, halves of pairs match alone. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** @typedef {Map<string, string | bigint>} Members */

/**
 * Reads an object whose members are strings and whole numbers from 0.
 * @param {Uint8Array} bytes
 * @param {{escapes: boolean}} allowed whether a string value may be written with escapes
 * @returns {Members | null} null where it is anything else, or names a member twice
 */
export function readFlatObject(bytes, allowed) {
  const text = utf8(bytes);
  if (text === null) return null;
  try {
    return new Reader(text, allowed.escapes).object();
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * Strictly, as decodeURIComponent does it: not every platform's TextDecoder knows `fatal`.
 * @param {Uint8Array} bytes
 * @returns {string | null}
 */
function utf8(bytes) {
  const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`);
  try {
    return decodeURIComponent(escaped.join(''));
  } catch {
    return null;
  }
}

class Reader {
  /**
   * @param {string} text
   * @param {boolean} escapes
   */
  constructor(text, escapes) {
    this.text = text;
    this.escapes = escapes;
    this.at = 0;
  }

  /** @returns {Members} */
  object() {
    const members = new Map();
    this.expect('{');
    if (!this.skip('}')) {
      do this.member(members);
      while (this.skip(','));
      this.expect('}');
    }
    if (this.at !== this.text.length) throw new SyntaxError('more than an object');
    return members;
  }

  /** @param {Members} members */
  member(members) {
    const name = this.string(true);
    this.expect(':');
    if (members.has(name)) throw new SyntaxError('a member named twice');
    const number = this.take(NUMBER);
    members.set(name, number === null ? this.string(this.escapes) : BigInt(number));
  }

  /** @param {boolean} escapes */
  string(escapes) {
    const literal = this.take(STRING);
    if (literal === null || (!escapes && literal.includes('\\'))) throw new SyntaxError('no string');
    const value = JSON.parse(literal);
    if (LONE_SURROGATE.test(value)) throw new SyntaxError('half a character');
    return value;
  }

  /** @param {string} sign */
  expect(sign) {
    if (!this.skip(sign)) throw new SyntaxError(`no ${sign}`);
  }

  /**
   * Whether the sign comes next; then it is passed, and the space about it.
   * @param {string} sign
   */
  skip(sign) {
    this.match(SPACE);
    if (!this.text.startsWith(sign, this.at)) return false;
    this.at += sign.length;
    this.match(SPACE);
    return true;
  }

  /**
   * The next token, with the space behind it passed.
   * @param {RegExp} pattern
   */
  take(pattern) {
    const found = this.match(pattern);
    if (found !== null) this.match(SPACE);
    return found;
  }

  /** @param {RegExp} pattern a sticky one */
  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? null;
    this.at += found?.length ?? 0;
    return found;
  }
}
