"""What PyPI's m3u8 makes of playlists, a line of JSON each. In strict mode whatever it dislikes is an error."""

import json
import sys

import m3u8


def verdict(path):
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        m3u8.parser.parse(text, strict=True)
        playlist = m3u8.loads(text)
        return multivariant(playlist) if playlist.is_variant else media(playlist)
    except Exception as error:  # whatever it is, it is what the judge says
        return {"complaint": repr(error)}


def multivariant(playlist):
    def variant(it):
        info = it.stream_info
        return {"uri": it.uri, "bandwidth": info.bandwidth,
                "average": info.average_bandwidth, "codecs": info.codecs}

    return {"version": int(playlist.version), "variants": [variant(it) for it in playlist.playlists]}


def media(playlist):
    def segment(it):
        return {"uri": it.uri, "duration": it.duration, "range": offsets(it.byterange)}

    [init] = playlist.segment_map
    return {"version": int(playlist.version), "target": playlist.target_duration,
            "ended": playlist.is_endlist, "map": {"uri": init.uri, "range": offsets(init.byterange)},
            "segments": [segment(it) for it in playlist.segments]}


def offsets(text):
    if not text:
        return None
    length, offset = text.split("@")
    return [int(offset), int(length)]


for path in sys.argv[1:]:
    print(json.dumps(verdict(path)))
