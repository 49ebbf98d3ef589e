#!/usr/bin/bash
# Builds CPython for Linux as a folder that runs from wherever it lies, and packs it into two archives in /out: one
# with what runs, one with the debugging symbols.
#
#   linux.sh VERSION tarball TRIPLET SONAME=PACKAGE ...    from /in/source/Python-VERSION
#
# The libraries are those of the environment that may go into the tree; all others that it needs are the C library's.
# A line "progress DONE TOTAL WHAT" is for the bar; all others are for the log.
set -euo pipefail

version=$1
kind=$2
triplet=$3
declare -A package_of
bundled=()
for each in "${@:4}"; do
    package_of[${each%%=*}]=${each#*=}
done
series=${version%.*}
name=cpython-$version-$triplet
work=$PWD
recipe=${BASH_SOURCE[0]%/*}
tree=$work/$name
python=bin/python$series
library=lib/python$series
# Where it is built for; no word that stands in another path.
prefix=/relocatable

main() {
    umask 022
    export LC_ALL=C.UTF-8 TZ=UTC PYTHONHASHSEED=0 HOME=$work/home
    mkdir "$HOME"
    [[ $kind == tarball ]] || fail "the source is a $kind, expected the release's tarball"
    check_version
    copy_source
    configure
    compile
    install
    split_symbols
    bundle
    make_movable
    describe
    pack "$name" "$tree"
    pack "$name-debug" "$work/$name-debug"
}

fail() {
    echo "$1" >&2
    exit 1
}

# Of a hundred, about as many as the seconds that it takes.
progress() {
    echo "progress $1 100 $2"
}

check_version() {
    local actual
    actual=$(sed -n 's/^#define[[:space:]]*PY_VERSION[[:space:]]*"\(.*\)".*/\1/p' \
        "/in/source/Python-$version/Include/patchlevel.h")
    [[ $actual == "$version" ]] || fail "the source says that it is $actual, expected $version"
}

copy_source() {
    cp -r "/in/source/Python-$version" "$work/source"
    chmod -R u+w "$work/source"
    # The one change to the source: OpenSSL was told where Debian keeps certificates, but this is for other systems too.
    local ssl=$work/source/Lib/ssl.py call='^        self\.set_default_verify_paths()$'
    [[ $(grep --count "$call" "$ssl") == 1 ]] || fail "Lib/ssl.py does not load certificates as it did"
    sed --in-place "/$call/r $recipe/certificates.in" "$ssl"
    # No file is newer than what was generated from it, nor than what will be, whatever the clock says.
    find "$work/source" -exec touch --no-dereference --date=1980-01-02 {} +
}

# There is no library to link against in the tree: the interpreter holds it.
configure() {
    progress 0 configure
    mkdir "$work/objects"
    cd "$work/objects"
    CONFIG_SITE=$recipe/config.site ../source/configure CC=gcc --prefix="$prefix" --with-readline=editline \
        --enable-loadable-sqlite-extensions --without-static-libpython --with-ensurepip=install
    cd "$work"
}

compile() {
    local total done=0 line
    progress 10 compile
    total=$(make --directory=objects --dry-run | grep -c ' -c ')
    make --directory=objects --jobs="$(nproc)" 2>&1 | while IFS= read -r line; do
        echo "$line"
        if [[ $line == *" -c "* ]]; then
            ((done += 1))
            progress $((10 + 70 * done / (total > done ? total : done))) compile
        fi
    done
}

# With SOURCE_DATE_EPOCH set, byte-code goes by its source's hash and not by its time. One process makes it: several would
# need semaphores, and here there are none.
install() {
    progress 80 install
    make --directory=objects install DESTDIR="$work/installed" COMPILEALL_OPTS=-j1
    mv "$work/installed$prefix" "$tree"
    # Byte-code for -O and -OO, and of tests, is made when somebody wants it.
    find "$tree" -name '*.opt-[12].pyc' -delete
    find "$tree/$library/test" -name __pycache__ -prune -exec rm -r {} +
}

elf_files() {
    find "$tree" -type f \( -perm /111 -o -name '*.so*' \) -exec sh -c \
        'for file; do if head -c 4 "$file" | grep -q ELF; then echo "$file"; fi; done' - {} +
}

# Where debuggers look for them, in a tree beside the one that runs.
split_symbols() {
    local file id symbols
    for file in $(elf_files); do
        id=$(readelf --notes "$file" | sed -n 's/.*Build ID: //p')
        [[ $id =~ ^[0-9a-f]{40}$ ]] || fail "$file has no build id"
        symbols=$work/$name-debug/lib/debug/.build-id/${id:0:2}/${id:2}.debug
        mkdir -p "${symbols%/*}"
        objcopy --only-keep-debug --compress-debug-sections "$file" "$symbols"
        strip --strip-unneeded "$file"
    done
}

# Of what is not the C library's.
needed() {
    readelf --dynamic --wide "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
        sed '/^libc\.so\.6$/d; /^libm\.so\.6$/d; /^ld-linux.*\.so\..*$/d'
}

# What is needed must be among the libraries that were named, or the C library's; those that are bundled need others.
bundle() {
    local file soname more=yes
    while [[ -n $more ]]; do
        more=
        for file in $(elf_files); do
            for soname in $(needed "$file"); do
                if [[ ! -e $tree/lib/$soname ]]; then
                    take "$soname" "$file"
                    more=yes
                fi
            done
        done
    done
    for file in $(elf_files); do
        if [[ -n $(needed "$file") ]]; then
            patchelf --set-rpath "\$ORIGIN/$(realpath --relative-to="${file%/*}" "$tree/lib")" "$file"
        fi
    done
}

take() {
    [[ -n ${package_of[$1]-} ]] || fail "$2 needs $1, which is no library of this target"
    cp --dereference "/usr/lib/$triplet/$1" "$tree/lib/"
    chmod 755 "$tree/lib/$1"
    bundled+=("$1=${package_of[$1]}")
}

# Whatever holds the prefix works from where it lies: programs, what builds extensions, what links to the tree.
make_movable() {
    local file
    for file in $(grep --files-with-matches --binary-files=without-match "^#!$prefix/" "$tree"/bin/*); do
        { cat "$recipe/shebang.in"; tail -n +2 "$file"; } | sed "s|@python@|python$series|" > "$work/script"
        cat "$work/script" > "$file"
    done
    sed --in-place "s|^prefix=.*|prefix=\${pcfiledir}/../..|" "$tree"/lib/pkgconfig/*.pc
    # From 3.14 on; PEP 739 says to what such paths are relative.
    if [[ -e $tree/$library/build-details.json ]]; then
        sed --in-place "s|\"$prefix\"|\"../..\"|; s|\"$prefix/|\"|" "$tree/$library/build-details.json"
    fi
    for file in "$tree/$library"/_sysconfigdata_*.py; do
        sed "s|@prefix@|$prefix|" "$recipe/sysconfigdata.in" >> "$file"
        "$tree/$python" -I -m compileall -q -f --invalidation-mode checked-hash -s "$tree" -p "$prefix" "$file"
    done
}

describe() {
    local library package
    mkdir "$tree/licenses"
    cp "$work/source/LICENSE" "$tree/licenses/cpython"
    for library in "${bundled[@]}"; do
        package=${library#*=}
        cp --dereference "/usr/share/doc/$package/copyright" "$tree/licenses/$package"
    done
    "$tree/$python" -I -B "$recipe/describe.py" "$triplet" "${bundled[@]}" > "$tree/PYTHON.json"
}

# The same blocks whatever the number of threads.
pack() {
    progress 90 pack
    tar --create --format=posix --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --mode=u+w,go+u,go-w --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \
        --directory="${2%/*}" "${2##*/}" | xz --threads="+$(nproc)" --block-size=16MiB > "/out/$1.tar.xz"
}

main "$@"
