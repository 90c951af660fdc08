# Sourced by `run`: times commands into "$work/record" and makes tables of it.

# Runs a command; adds a line "name wall cpu" in seconds to the record, its children's CPU time included.
measure() {
    local name=$1 TIMEFORMAT='%R %U %S' times
    shift
    times=$({ time "$@" >/dev/null 2>"$work/said" || { cat "$work/said" >&2; exit 1; }; } 2>&1)
    awk -v name="$name" '{ printf "%s %.3f %.3f\n", name, $1, $2 + $3 }' <<<"$times" >>"$work/record"
}

# median NAME COLUMN: 2 is wall, 3 is CPU.
median() { awk -v name="$1" -v column="$2" '$1 == name { print $column }' "$work/record" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# table NAME…: medians, and ratios to segue.
table() {
    local name
    echo "| | wall s | CPU s | wall against segue | CPU against segue |"
    echo "| --- | --- | --- | --- | --- |"
    for name in "$@"; do
        awk -v name="${name//_/ }" -v w="$(median "$name" 2)" -v c="$(median "$name" 3)" -v sw="$(median segue 2)" -v sc="$(median segue 3)" \
            'BEGIN { printf "| %s | %.2f | %.2f | %.2f × | %.2f × |\n", name, w, c, w / sw, c / sc }'
    done
    echo
}

# The goals of shared/design/sound.md, and what was reached.
goals() {
    awk -v w="$(median segue 2)" -v c="$(median segue 3)" -v b="$(median bare 3)" -v f="$(median ffmpeg_5.1 2)" -v cores="$cores" 'BEGIN {
        printf "Segue takes %.2f × the CPU of the bare encoders (goal 1.12), and %.2f × CPU / cores by the wall (goal 1.15); ", c / b, w / (c / cores)
        printf "it is %.2f × faster than ffmpeg 5.1 by the wall (goal 2.3).\n", f / w }'
    echo
    echo "Every round (name, wall s, CPU s):"
    echo
    sed 's/^/    /' "$work/record"
}

# heading COMMAND: what was run, on what.
heading() {
    echo "### $(date -u +%F): \`$1\`, commit $(git rev-parse --short HEAD), $cores cores of $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)"
    echo
}

versions() {
    echo "ffmpeg $(ffmpeg -version | awk 'NR == 1 { print $3 }') and $(ffmpeg8 -version | awk 'NR == 1 { print $3 }'), $(opusenc --version | head -n 1), Shaka Packager $("$packager" --version | awk '{ print $3 }')."
}
