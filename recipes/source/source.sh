#!/usr/bin/bash
# Makes Python-VERSION.tgz and Python-VERSION.tar.xz in /out, as CPython's own release job does.
#
#   source.sh VERSION tarball [tar]              from /in/source/Python-VERSION
#   source.sh VERSION git COMMIT TREE [tar]      from /in/source/commit.pack
#
# With "tar" it makes Python-VERSION.tar instead, and compresses nothing.
# A line "progress DONE TOTAL WHAT" is for the bar; all others are for the log.
set -euo pipefail

version=$1
kind=$2
last=${!#}
name=Python-$version
work=$PWD

main() {
    case $kind in
        tarball) cd /in/source ;;
        git) export_commit "$3" "$4"; prepare_tree ;;
        *) fail "unknown kind of source: $kind" ;;
    esac
    check_version
    pack
}

fail() {
    echo "$1" >&2
    exit 1
}

# Unpacking computes every object's id from its content: nothing is taken on trust from the pack.
export_commit() {
    local commit=$1 tree=$2
    export GIT_CONFIG_NOSYSTEM=1
    git init --quiet --bare --template= "$work/repository"
    cd "$work/repository"
    echo "$commit" > shallow
    git index-pack --strict --stdin < /in/source/commit.pack
    [[ $(git rev-parse "$commit^{tree}") == "$tree" ]] || fail "commit $commit has not the tree $tree"
    # It would put the clock, or what else git knows, into files.
    ! git grep --quiet export-subst "$commit" -- '*.gitattributes' || fail "the tree has files with export-subst"
    git archive --format=tar --prefix="$name/" "$commit" | tar --extract --directory="$work"
    cd "$work"
}

# What the release job removes and generates, in its order. With -P, blurb is the pinned one, not one in the tree.
prepare_tree() {
    pushd "$name" > /dev/null
    python3 -P -m blurb merge
    rm -f .gitattributes .gitignore
    python3 -P -m blurb export
    rm -rf .azure-pipelines .git .github Misc/mypy
    rm -rf Doc/venv Doc/build Doc/dist
    find . -depth -name __pycache__ -exec rm -rf {} +
    find . -name '*.py[co]' -exec rm -f {} +
    popd > /dev/null
}

# A commit or tarball of another version must not go out under this one's name.
check_version() {
    local actual
    actual=$(sed -n 's/^#define[[:space:]]*PY_VERSION[[:space:]]*"\(.*\)".*/\1/p' "$name/Include/patchlevel.h")
    [[ $actual == "$version" ]] || fail "the source says that it is $actual, expected $version"
}

# One tar, and both compressions of it side by side; gzip is done long before xz, which sets the pace.
# Multi-threaded xz would cut its stream into blocks, and give other bytes.
pack() {
    local tar=$work/$name.tar
    [[ $last != tar ]] || tar=/out/$name.tar
    # Every time is set, not clamped: the clock may stand before the commit.
    tar --create --file="$tar" --format=posix --sort=name --mtime="@$SOURCE_DATE_EPOCH" \
        --owner=0 --group=0 --numeric-owner --mode=go+u,go-w \
        --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' "$name"
    [[ $last != tar ]] || return 0
    gzip --no-name -9 < "$tar" > "/out/$name.tgz" &
    local gzip=$!
    xz --threads=1 --stdout < "$tar" > "/out/$name.tar.xz" &
    local xz=$!
    report_progress $xz "$(stat --format=%s "$tar")" &
    wait $gzip
    wait $xz
}

# How far a process has read its standard input, each second until it ends.
report_progress() {
    local position
    while position=$(sed -n 's/^pos:[[:space:]]*//p' "/proc/$1/fdinfo/0" 2> /dev/null); do
        echo "progress $position $2 compressing"
        sleep 1
    done
}

main "$@"
