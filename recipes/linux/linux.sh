#!/usr/bin/bash
# Builds CPython for Linux as a folder that runs from wherever it lies, and packs it into two archives in /out: one
# with what runs, one with the debugging symbols.
#
# The libraries are those of the environment that may go into the tree; all others that it needs are the C library's or
# GCC's own.
set -euo pipefail

source "${BASH_SOURCE[0]%/*}/common.sh"
source "${BASH_SOURCE[0]%/*}/optimize.sh"

keys+=(
    [variant]=optional     # what tells it from the plain build for that triplet
    [configure]=any        # an option for configure
    [emulator]=optional    # the program that an interpreter for it can be trained under
    [optimize]=optional    # "pgo": the interpreter is trained; otherwise "none"
)

declare -A package_of=()
bundled=()
# Where it is built for; no word that stands in another path.
prefix=/relocatable

main() {
    begin "$@"
    find_packages
    look_for_certificates
    settle_source
    if [[ $triplet != "$(gcc -dumpmachine)" ]]; then
        build_native "$prefix" gcc
    fi
    use_tools
    if is_optimized; then
        configure+=(--enable-optimizations --with-lto)
    fi
    progress "$begun" 100 configure
    CONFIG_SITE=$recipe/config.site PKG_CONFIG_LIBDIR=/usr/lib/$triplet/pkgconfig:/usr/share/pkgconfig \
        configure objects CC=gcc AR=ar READELF=readelf "${cross[@]}" --prefix="$prefix" --with-readline=editline \
        --enable-loadable-sqlite-extensions --without-static-libpython --with-ensurepip=install "${configure[@]}"
    if is_optimized; then
        compile_optimized objects $((begun + 5)) 80
    else
        compile objects $((begun + 5)) 80 all
    fi
    install
    mv "$work/installed$prefix" "$tree"
    find_library
    split_symbols
    # While one process makes the byte-code, the others have nothing to do.
    pack "$name-debug" &
    local symbols=$!
    bundle
    make_movable
    make_bytecode "$interpreter" "$tree/$stdlib" "$prefix"
    describe "$interpreter" "glibc $(newest_glibc)" "GCC $(gcc -dumpfullversion)" "${bundled[@]}"
    progress 90 100 pack
    pack "$name"
    wait "$symbols"
}

is_optimized() {
    case $optimize-$emulator in
        pgo-?*) true ;;
        none-* | -) false ;;
        *) fail "optimize=$optimize emulator=$emulator, expected pgo and an emulator, or none" ;;
    esac
}

find_packages() {
    local each
    for each in "${library[@]}"; do
        package_of[${each%%=*}]=${each#*=}
    done
}

# The one change to the source: OpenSSL was told where Debian keeps certificates, but this is for other systems too.
look_for_certificates() {
    local ssl=$work/source/Lib/ssl.py call='^        self\.set_default_verify_paths()$'
    [[ $(grep --count "$call" "$ssl") == 1 ]] || fail "Lib/ssl.py does not load certificates as it did"
    sed --in-place "/$call/r $recipe/certificates.in" "$ssl"
}

# By the names that they have where the tree will be: sysconfig tells them to whoever builds extensions there. Debugging
# symbols name the same folder, whatever this one is.
use_tools() {
    local tool
    mkdir "$work/tools"
    for tool in ar objcopy readelf strip; do
        ln -s "/usr/bin/$triplet-$tool" "$work/tools/$tool"
    done
    printf '#!/bin/sh\nexec /usr/bin/%s-gcc -ffile-prefix-map=%s=/build "$@"\n' "$triplet" "$work" > "$work/tools/gcc"
    chmod +x "$work/tools/gcc"
    PATH=$work/tools:$PATH
}

# It is called lib/python3.13t where the interpreter is python3.13t as well: python3.13 is then another name of that.
find_library() {
    local found=("$tree"/lib/python"$series"*)
    stdlib=lib/${found##*/}
    python=bin/${found##*/}
    # What runs here.
    interpreter=${native:-$tree/$python}
    if [[ $python != "bin/python$series" ]]; then
        ln -sf "${python##*/}" "$tree/bin/python$series"
    fi
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

# Of what is not the C library's, nor GCC's own: a process that has both this one's and the system's would have the older
# one for all, so that it is left to the system, as PEP 513 does. Debian's C library depends on it.
needed() {
    readelf --dynamic --wide "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
        sed -E '/^lib[cm]\.so\.6$/d; /^libgcc_s\.so\.1$/d; /^ld(64|-linux[^.]*)\.so\./d'
}

# That must be among the libraries that were named; those that are bundled need others.
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
    bundled+=("lib/$1=${package_of[$1]}")
}

newest_glibc() {
    readelf --version-info --wide $(elf_files) | grep -o 'GLIBC_2\.[0-9.]*' | sort --version-sort | sed -n '$s/GLIBC_//p'
}

# Whatever holds the prefix works from where it lies: programs, what builds extensions, what links to the tree.
make_movable() {
    local file
    for file in $(grep --files-with-matches --binary-files=without-match "^#!$prefix/" "$tree"/bin/*); do
        { cat "$recipe/shebang.in"; tail -n +2 "$file"; } | sed "s|@python@|python$series|" > "$work/script"
        cat "$work/script" > "$file"
    done
    find_config "$tree/$python-config"
    sed --in-place "s|^prefix=.*|prefix=\${pcfiledir}/../..|" "$tree"/lib/pkgconfig/*.pc
    # From 3.14 on; PEP 739 says to what such paths are relative.
    if [[ -e $tree/$stdlib/build-details.json ]]; then
        sed --in-place "s|\"$prefix\"|\"../..\"|; s|\"$prefix/|\"|" "$tree/$stdlib/build-details.json"
    fi
    sed "s|@prefix@|$prefix|" "$recipe/sysconfigdata.in" >> "$(sysconfigdata "$tree/$stdlib")"
    hide_folder "$tree/$stdlib"
}

# find_config SCRIPT: it would not find itself at a path with a space.
find_config() {
    local finds='RESULT=$(dirname "$(dirname "$(realpath -- "$1")")")' says='echo "$RESULT"'
    sed --in-place "s|RESULT=\$(dirname \$(cd .*|$finds|; s|echo \$RESULT\$|$says|" "$1"
    [[ $(grep --count --fixed-strings --regexp="$finds" --regexp="$says" "$1") == 2 ]] || fail "$1 finds itself otherwise"
}

main "$@"
