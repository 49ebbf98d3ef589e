#!/usr/bin/bash
# Builds CPython for WASI: a folder with python.wasm and its library, which a runtime shows it as /lib, packed into
# an archive in /out.
#
#   wasi.sh VERSION tarball TRIPLET LABEL [--OPTION ...] LIBRARY=PACKAGE ...    from /in/source/Python-VERSION
#
# The archive is called by the label; the options are for configure. The libraries are those that are linked in.
set -euo pipefail

version=$1
triplet=$3
label=$4
options=()
linked=()
for each in "${@:5}"; do
    case $each in
        --*) options+=("$each") ;;
        *) linked+=("python.wasm=${each#*=}") ;;
    esac
done
series=${version%.*}
work=$PWD
recipe=${BASH_SOURCE[0]%/*}
# What Debian calls the folder of WASI's libraries.
clang='clang --target=wasm32-wasi'
c_library=wasi-libc

source "$recipe/common.sh"

main() {
    begin "$2"
    settle_source
    build_native / clang
    progress "$begun" configure
    # CPython says there what WASI has not. There is nothing to run programs with: configure is not to try.
    CONFIG_SITE=$(find "$work/source" -name 'config.site-wasm32-wasi') HOSTRUNNER=/bin/false \
        PKG_CONFIG_LIBDIR=/nonexistent \
        configure objects CC="$clang" CPP="$clang -E" AR=llvm-ar RANLIB=llvm-ranlib "${cross[@]}" \
        --prefix=/ --without-static-libpython "${options[@]}"
    compile objects $((begun + 5)) 80 all
    install
    take
    describe "$native" "$c_library" "Clang $(clang -dumpversion)" "${linked[@]}"
    pack "$name"
}

# There are no programs but the interpreter, and nothing that links to it.
take() {
    mkdir "$tree"
    mv "$work/installed/lib" "$tree/"
    mv "$work/installed/bin/python$series.wasm" "$tree/python.wasm"
    llvm-strip --strip-debug "$tree/python.wasm"
    rm -r "$tree/lib/pkgconfig"
    hide_folder "$tree/lib/python$series"
    make_bytecode "$native" "$tree/lib/python$series" /
}

main "$@"
