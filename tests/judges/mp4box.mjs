// What npm's mp4box makes of tracks: each argument is the files of one, joined by commas.
import { readFileSync } from "node:fs";
import { createFile, Log } from "mp4box";
import { each } from "./each.mjs";

// What it says of itself rather than of the file: boxes of 14496-12 that it does not know, and how it keeps several styp.
const ITS_OWN = ["Unknown box type: 'ludt'", "Found multiple boxes of type styp but no array exists."];

const complaints = [];
Log.setLogLevel(Log.LOG_LEVEL_WARN);
for (const kind of ["warn", "error"]) Log[kind] = complain;

function complain(where, what) {
    if (!ITS_OWN.some((it) => what.startsWith(it))) complaints.push(`${where}: ${what}`);
}

each((paths) => {
    complaints.length = 0;
    const { file, size } = read(paths.split(","));
    const [found] = file.getInfo().tracks;
    const track = file.getTrackById(found.id);
    const [entry] = track.mdia.minf.stbl.stsd.entries;
    const end = file.boxes.at(-1).start + file.boxes.at(-1).size;
    if (end !== size) complaints.push(`boxes end at ${end} of ${size} bytes`);
    if (complaints.length > 0) throw new Error(complaints.join("; "));
    return {
        codec: found.codec,
        rate: found.audio.sample_rate,
        channels: found.audio.channel_count,
        timescale: found.timescale,
        edits: found.edits.map((it) => [it.segment_duration, it.media_time]),
        preSkip: entry.dOps?.PreSkip ?? null,
        fragments: fragments(file, track),
        index: index(file),
    };
});

function read(paths) {
    const file = createFile();
    file.onError = complain;
    let size = 0;
    for (const path of paths) {
        const { buffer, byteOffset, length } = readFileSync(path);
        const bytes = buffer.slice(byteOffset, byteOffset + length);
        bytes.fileStart = size;
        size += length;
        file.appendBuffer(bytes);
    }
    file.flush();
    return { file, size };
}

// Sums over the samples that it found, not what tables say of them.
function fragments(file, track) {
    return file.moofs.map((moof, number) => {
        const samples = track.samples.filter((it) => it.moof_number === number + 1);
        const duration = samples.reduce((sum, it) => sum + it.duration, 0);
        const bytes = samples.reduce((sum, it) => sum + it.size, 0);
        return { time: moof.trafs[0].tfdt.baseMediaDecodeTime, first: samples[0].dts, duration, bytes };
    });
}

// Where the index says that each segment begins, and how long it lasts.
function index(file) {
    if (!file.sidx) return null;
    let start = file.sidx.start + file.sidx.size + Number(file.sidx.first_offset);
    return file.sidx.references.map((it) => {
        const entry = { start, size: it.referenced_size, duration: it.subsegment_duration };
        start += it.referenced_size;
        return entry;
    });
}
