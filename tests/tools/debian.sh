# Sourced by its neighbours.

# need COMMAND PACKAGE…: installs Debian packages where the command is missing.
need() {
    command=$1
    shift
    if ! command -v "$command" >/dev/null; then
        install_packages "$@"
    fi
}

# need_file FILE PACKAGE…: the same where the file is missing.
need_file() {
    file=$1
    shift
    if [ ! -e "$file" ]; then
        install_packages "$@"
    fi
}

# The venv module has no command of its own.
need_python_venv() {
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        install_packages python3 python3-venv
    fi
}

# fetch_package PACKAGE: downloads a Debian package into the working folder, without installing it.
fetch_package() {
    refresh_lists "$1"
    apt-get download -qq -o APT::Sandbox::User=root "$1" >&2
}

install_packages() {
    refresh_lists "$*"
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >&2
}

refresh_lists() {
    if ! command -v apt-get >/dev/null; then
        echo "Missing: install what Debian calls $1, then run make again." >&2
        exit 1
    fi
    if [ -z "${lists_are_fresh:-}" ]; then
        as_root apt-get update -qq
        lists_are_fresh=yes
    fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "This needs root or sudo: $*" >&2
        exit 1
    fi
}
