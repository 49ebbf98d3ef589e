#!/usr/bin/bash
# Makes the archives of the documentation in /out, with the contents that `make dist` in CPython's Doc gives.
set -euo pipefail

source "${BASH_SOURCE[0]%/*}/../common/begin.sh"
source "${BASH_SOURCE[0]%/*}/../common/checkout.sh"
source "${BASH_SOURCE[0]%/*}/formats.sh"
source "${BASH_SOURCE[0]%/*}/progress.sh"

declare -A keys=(
    [version]=once
    [source]=once
    [commit]=optional
    [tree]=optional
    [format]=any   # epub, html, pdf-a4, pdf-letter, texinfo or text; without any, all of them
)

main() {
    read_words "$@"
    # Sets are written out in the order of their hashes (the anchors of Texinfo). HOME is for TeX, which keeps files there.
    settle_surroundings
    export FORCE_SOURCE_DATE=1
    find_source
    python3 -P "$recipe/requirements.py" "$checkout/Doc/requirements.txt"
    lay_out
    date_copyright
    formats=("${format[@]}")
    if ((${#formats[@]} == 0)); then
        formats=(epub html pdf-a4 pdf-letter texinfo text)
    fi
    plan_progress
    build_all
}

# The documentation takes in files from all over the source; some of it goes beside them.
lay_out() {
    if [[ $source == tarball ]]; then
        cp -r "$checkout" "$work/Python-$version"
        checkout=$work/Python-$version
    fi
    chmod -R u+w "$checkout"
    mkdir -p "$checkout/Doc/build"
    # As Doc/Makefile does it. From a commit, the news entries are there; blurb is the pinned one.
    if [[ -f $checkout/Misc/NEWS ]]; then
        cp "$checkout/Misc/NEWS" "$checkout/Doc/build/NEWS"
    else
        (cd "$checkout" && python3 -P -m blurb merge -f Doc/build/NEWS)
    fi
    # What looks newer than the time at which it was read, Sphinx would read again for each format, and audit_events.py
    # would count it again: so it would be where the clock stands before the commit.
    find "$checkout" -exec touch --no-dereference --date=1980-01-02 {} +
}

# Left to itself, Sphinx takes the year from a clock that stands before the commit.
date_copyright() {
    local said year
    said=$(sed -n 's/^copyright = "\(.*%Y.*\)"$/\1/p' "$checkout/Doc/conf.py")
    year=$(date --date="@$SOURCE_DATE_EPOCH" +%Y)
    copyright=()
    if [[ -n $said ]]; then
        copyright=(-D "copyright=${said//%Y/"$year"}")
    fi
}

wanted() {
    [[ " ${formats[*]} " == *" $1 "* ]]
}

# Reading is done once for all formats but text: for that one, conf.py has quotes left as they are, which is decided
# when reading. It is done by one process, since audit_events.py counts what each process reads; so formats are made
# side by side instead, the longest first.
build_all() {
    local others=() format
    for format in pdf-a4 pdf-letter texinfo html epub; do
        if wanted "$format"; then
            others+=("$format")
        fi
    done
    if wanted text; then
        build_text &
    fi
    if ((${#others[@]})); then
        sphinx reading dummy "$work/doctrees"
    fi
    for format in "${others[@]}"; do
        wait_for_less_than "$(nproc)"
        build_from_doctrees "$format" &
    done
    wait_for_less_than 1
}

# wait_for_less_than COUNT: until so few are at work. One that failed ends it all.
wait_for_less_than() {
    local running
    while running=($(jobs -pr)) && ((${#running[@]} >= $1)); do
        wait -n
    done
    # Those that ended in between.
    local ended
    for ended in $(jobs -p); do
        if [[ " ${running[*]} " != *" $ended "* ]]; then
            wait "$ended"
        fi
    done
}

main "$@"
