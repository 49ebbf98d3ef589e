#!/usr/bin/bash
# Builds CPython for WASI: a folder with python.wasm and its library, which a runtime shows it as /, packed into an archive
# in /out.
#
# The libraries are those that are linked in.
set -euo pipefail

source "${BASH_SOURCE[0]%/*}/common.sh"

# What Debian calls the folder of WASI's libraries.
clang='clang --target=wasm32-wasi'
c_library=wasi-libc
# With /, sysconfig would make //lib of it, which POSIX lets mean something else.
prefix=/usr

main() {
    begin "$@"
    settle_source
    build_native $prefix clang
    progress "$begun" 100 configure
    # CPython says there what WASI has not. There is nothing to run programs with: configure is not to try.
    CONFIG_SITE=$(find "$work/source" -name 'config.site-wasm32-wasi') HOSTRUNNER=/bin/false \
        PKG_CONFIG_LIBDIR=/nonexistent \
        configure objects CC="$clang" CPP="$clang -E" AR=llvm-ar RANLIB=llvm-ranlib "${cross[@]}" \
        --prefix=$prefix --without-static-libpython
    compile objects $((begun + 5)) 80 all
    install
    take
    # By the file that they are in now.
    describe "$native" "$c_library" "Clang $(clang -dumpversion)" "${library[@]/*=/python.wasm=}"
    progress 90 100 pack
    pack "$name"
}

# There are no programs but the interpreter, and nothing that links to it.
take() {
    local root=$tree$prefix
    local stdlib=$root/lib/python$series
    mkdir -p "$root"
    mv "$work/installed$prefix/lib" "$root/"
    mv "$work/installed$prefix/bin/python$series.wasm" "$tree/python.wasm"
    llvm-strip --strip-debug "$tree/python.wasm"
    rm -r "$root/lib/pkgconfig"
    hide_folder "$stdlib"
    make_bytecode "$native" "$stdlib" /
}

main "$@"
