# Sourced by `run`: one song, made by others. Each takes a master and an empty folder.

# What Segue makes, from one ffmpeg command: three native-AAC fMP4 HLS renditions and three Ogg Opus files.
#   ffmpeg_one_command FFMPEG MASTER OUT
ffmpeg_one_command() {
    local ffmpeg=$1 master=$2 out=$3 arguments=() kbps
    mkdir -p "$out"/{64,128,320}
    for kbps in 64 128 320; do
        arguments+=(-map 0:a -c:a aac -b:a "${kbps}k" -ar 48000 -f hls -hls_segment_type fmp4 -hls_time 5.76
            -hls_playlist_type vod -hls_fmp4_init_filename init.mp4 -hls_segment_filename "$out/$kbps/%05d.m4s"
            "$out/$kbps/playlist.m3u8")
    done
    for kbps in 64 128 320; do
        arguments+=(-map 0:a -c:a libopus -b:a "${kbps}k" -ar 48000 "$out/$kbps.ogg")
    done
    "$ffmpeg" -v error -nostdin -y -i "$master" "${arguments[@]}"
}

# The same from single tools: ffmpeg 8 decodes and resamples once; an FDK encoder of its own (aac-alone: Debian's
# main has none) and opusenc, six at once; ffmpeg 8 puts ADTS into MP4, which Shaka Packager cuts into fMP4 HLS.
#   single_tools MASTER OUT
single_tools() {
    local master=$1 out=$2 kbps streams=() pids=() pid
    mkdir -p "$out"
    ffmpeg8 -v error -nostdin -i "$master" -ar 48000 -ac 2 -f f32le "$out/pcm.f32" -ar 48000 -ac 2 -c:a pcm_s16le "$out/pcm.wav" || return
    for kbps in 64 128 320; do
        single_aac "$kbps" "$out" & pids+=($!)
        opusenc --quiet --bitrate "$kbps" --cvbr "$out/pcm.wav" "$out/$kbps.ogg" & pids+=($!)
        streams+=("in=$out/$kbps.mp4,stream=audio,init_segment=$out/$kbps/init.mp4,segment_template=$out/$kbps/\$Number%05d\$.m4s,playlist_name=$kbps/playlist.m3u8,hls_group_id=audio,hls_name=$kbps")
    done
    for pid in "${pids[@]}"; do wait "$pid" || return; done
    "$packager" --quiet --segment_duration 5.76 --fragment_duration 5.76 --hls_playlist_type VOD \
        --hls_master_playlist_output "$out/index.m3u8" "${streams[@]}" || return
    rm "$out"/pcm.* "$out"/*.aac "$out"/*.mp4
}

single_aac() {
    "$aac_alone" "$1" "$2/pcm.f32" "$2/$1.aac" >/dev/null && ffmpeg8 -v error -nostdin -y -i "$2/$1.aac" -c copy "$2/$1.mp4"
}

# Runs a command once per master, as many at once as there are cores; each gets a folder of its own.
#   side_by_side OUT MASTER… -- COMMAND…
side_by_side() {
    local out=$1 masters=() running=0 failed=0 master
    shift
    while [ "$1" != -- ]; do masters+=("$1"); shift; done
    shift
    for master in "${masters[@]}"; do
        if [ "$running" -ge "$cores" ]; then wait -n || failed=1; running=$((running - 1)); fi
        "$@" "$master" "$out/$(basename "$master" .flac)" &
        running=$((running + 1))
    done
    while [ "$running" -gt 0 ]; do wait -n || failed=1; running=$((running - 1)); done
    return "$failed"
}
