// The keys of a song's objects (shared/origin: object.rs and song_file.rs), each in its one spelling.

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const VERSION = '[0-9a-f]{32}';
const FOLDER = new RegExp(`^artist/${UUID}/album/${UUID}/${UUID}/${VERSION}/(.*)$`);

/** The top of the ladder; what lists it has no rate in its name. */
const TOP = 320;

/** The number of a segment has five digits, or more without a leading zero, up to 32 bits. */
const LAST_SEGMENT = 0xffff_ffff;

/**
 * What an object asks of a listener: the rate of the entitlement in kbit/s, null where it holds no sound, and whether a
 * cache may keep it. A key to encrypted segments it may not.
 * @typedef {{kbps: number | null, cacheable: boolean}} Requirement
 */

/**
 * @param {string} key
 * @returns {Requirement | null} null where no object of a song has this key
 */
export function requirement(key) {
  const file = FOLDER.exec(key)?.[1];
  return file === undefined ? null : ofFile(file);
}

/**
 * @param {string} file
 * @returns {Requirement | null}
 */
function ofFile(file) {
  if (file === 'asset.json' || file === 'waveform.json') return { kbps: null, cacheable: true };
  const listing = /^(?:(?:index|ogg|opus|saver)(?:-(64|128))?\.m3u8|manifest(?:-(64|128))?\.mpd)$/.exec(file);
  if (listing) return sound(listing[1] ?? listing[2] ?? TOP);
  const beside = /^ogg\/(64|128|320)\.(?:ogg|m3u8)$/.exec(file);
  if (beside) return sound(beside[1]);
  const within = /^(aac|ogg|opus|saver)\/(64|128|320)\/([^/]+)$/.exec(file);
  return within && isWithin(within[1], within[3]) ? sound(within[2], !within[3].endsWith('.key')) : null;
}

/**
 * @param {string} set
 * @param {string} name
 */
function isWithin(set, name) {
  const segment = /^(\d{5}|[1-9]\d{5,9})\.m4s$/.exec(name);
  if (segment) return Number(segment[1]) <= LAST_SEGMENT;
  if (name === 'init.mp4') return true;
  return set !== 'ogg' && /^(?:playlist\.m3u8|media\.mp4|[0-9a-f]{16}\.key)$/.test(name);
}

/**
 * @param {string | number} kbps
 * @returns {Requirement}
 */
function sound(kbps, cacheable = true) {
  return { kbps: Number(kbps), cacheable };
}
