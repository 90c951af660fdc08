// What npm's hls-parser makes of playlists. In strict mode whatever it dislikes is an error.
import { readFileSync } from "node:fs";
import HLS from "hls-parser";
import { each } from "./each.mjs";

HLS.setOptions({ strictMode: true });
const range = (it) => (it ? [it.offset, it.length] : null);

each((path) => {
    const playlist = HLS.parse(readFileSync(path, "utf8"));
    return playlist.isMasterPlaylist ? multivariant(playlist) : media(playlist);
});

function multivariant(playlist) {
    const variants = playlist.variants.map((it) => ({
        uri: it.uri,
        bandwidth: it.bandwidth,
        average: it.averageBandwidth,
        codecs: it.codecs,
    }));
    return { version: playlist.version, variants };
}

function media(playlist) {
    const { map } = playlist.segments[0];
    const segments = playlist.segments.map((it) => ({
        uri: it.uri,
        duration: it.duration,
        range: range(it.byterange),
    }));
    return {
        version: playlist.version,
        target: playlist.targetDuration,
        ended: playlist.endlist,
        map: { uri: map.uri, range: range(map.byterange) },
        segments,
    };
}
