#!/usr/bin/bash
# Compares two files by diffoscope. Prints its report, as JSON, or, if it fails, what it complains of. The exit status is 0 if
# it finds no difference, 1 if it does, and another if it fails.
set -u

source "${BASH_SOURCE[0]%/*}/../common/begin.sh"

declare -A keys=(
    [seconds]=once       # after which it looks into nothing new
    [first]=once         # a file
    [second]=once        # the other one
    [streams]=optional   # "yes": they are one tar archive in different compressions, and what is compressed is compared
)
read_words "$@"

export TMPDIR=/build/tmp
# It would look for the library in the cache of ldconfig, which a maintainer script makes.
export LIBARCHIVE=libarchive.so.13
mkdir "$TMPDIR"

# Of each process, in bytes: its memory, and a file that it writes. And how many processes there are.
limits=(--as=3221225472 --fsize=2147483648 --core=0 --nproc=128)
prlimit "${limits[@]}" --pid $$

decompress() {
    case $1 in
        *.tar) cat ;;
        *.xz) xz --decompress ;;
        *.bz2) bzip2 --decompress ;;
        *) gzip --decompress ;;
    esac < "$1"
}

look() {
    if [[ $streams == yes ]]; then
        mkdir /build/first /build/second
        decompress "$first" > /build/first/archive.tar && decompress "$second" > /build/second/archive.tar || return 2
        first=/build/first/archive.tar second=/build/second/archive.tar
    fi
    python3 -I /in/recipe/look.py \
        --no-progress \
        --timeout "$seconds" \
        --max-container-depth 12 \
        --max-diff-block-lines-saved 20000 \
        --max-diff-input-lines 200000 \
        --exclude-directory-metadata yes \
        --json /build/report.json \
        -- "$first" "$second" < /dev/null
}

# Not into a file: there may be no space left.
complaints=$(look 2>&1 | tail --lines 40 | cut --characters -500; exit "${PIPESTATUS[0]}")
status=$?

case $status in
    0) ;;
    1) cat /build/report.json ;;
    *) printf '%s\n' "$complaints" ;;
esac
exit "$status"
