#!/usr/bin/bash
# Makes Python-VERSION.tgz and Python-VERSION.tar.xz in /out, as CPython's own release job does.
set -euo pipefail

source "${BASH_SOURCE[0]%/*}/../common/begin.sh"
source "${BASH_SOURCE[0]%/*}/../common/checkout.sh"

declare -A keys=(
    [version]=once
    [source]=once
    [commit]=optional
    [tree]=optional
    [compress]=optional   # "no": make Python-VERSION.tar instead
)

main() {
    read_words "$@"
    settle_surroundings
    find_source
    if [[ $source == git ]]; then
        prepare_tree
    fi
    case $compress in
        no) archive "/out/${checkout##*/}.tar" ;;
        "") archive "$work/source.tar"; compress_archive "$work/source.tar" "/out/${checkout##*/}" ;;
        *) fail "compress=$compress, expected no" ;;
    esac
}

# What the release job removes and generates, in its order. With -P, blurb is the pinned one, not one in the tree.
prepare_tree() {
    pushd "$checkout" > /dev/null
    python3 -P -m blurb merge
    rm -f .gitattributes .gitignore
    python3 -P -m blurb export
    rm -rf .azure-pipelines .git .github Misc/mypy
    rm -rf Doc/venv Doc/build Doc/dist
    find . -depth -name __pycache__ -exec rm -rf {} +
    find . -name '*.py[co]' -exec rm -f {} +
    popd > /dev/null
}

# archive TAR: every time is set, not clamped, since the clock may stand before the commit.
archive() {
    tar --create --file="$1" --format=posix --sort=name --mtime="@$SOURCE_DATE_EPOCH" \
        --owner=0 --group=0 --numeric-owner --mode=go+u,go-w \
        --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \
        --directory="${checkout%/*}" "${checkout##*/}"
}

# compress_archive TAR STEM: both compressions side by side; gzip is done long before xz, which sets the pace.
# Multi-threaded xz would cut its stream into blocks, and give other bytes.
compress_archive() {
    gzip --no-name -9 < "$1" > "$2.tgz" &
    local gzip=$!
    xz --threads=1 --stdout < "$1" > "$2.tar.xz" &
    local xz=$!
    report_progress $xz "$(stat --format=%s "$1")" &
    wait $gzip
    wait $xz
}

# How far a process has read its standard input, each second until it ends.
report_progress() {
    local position
    while position=$(sed -n 's/^pos:[[:space:]]*//p' "/proc/$1/fdinfo/0" 2> /dev/null); do
        progress "$position" "$2" compressing
        sleep 1
    done
}

main "$@"
