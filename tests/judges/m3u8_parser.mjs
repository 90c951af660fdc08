// What npm's m3u8-parser makes of playlists. Its warnings are complaints.
import { readFileSync } from "node:fs";
import { Parser } from "m3u8-parser";
import { each } from "./each.mjs";

const range = (it) => (it ? [it.offset, it.length] : null);

each((path) => {
    const parser = new Parser();
    const complaints = [];
    for (const kind of ["warn", "error"]) {
        parser.on(kind, (it) => complaints.push(it.message));
    }
    parser.push(readFileSync(path, "utf8"));
    parser.end();
    if (complaints.length > 0) throw new Error(complaints.join("; "));
    const { manifest } = parser;
    return manifest.playlists ? multivariant(manifest) : media(manifest);
});

function multivariant(manifest) {
    const variants = manifest.playlists.map(({ uri, attributes }) => ({
        uri,
        bandwidth: attributes.BANDWIDTH,
        average: Number(attributes["AVERAGE-BANDWIDTH"]),
        codecs: attributes.CODECS,
    }));
    return { version: manifest.version, variants };
}

function media(manifest) {
    const { map } = manifest.segments[0];
    const segments = manifest.segments.map((it) => ({
        uri: it.uri,
        duration: it.duration,
        range: range(it.byterange),
    }));
    return {
        version: manifest.version,
        target: manifest.targetDuration,
        ended: manifest.endList === true,
        map: { uri: map.uri, range: range(map.byterange) },
        segments,
    };
}
