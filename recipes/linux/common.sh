# What the recipes for all targets share; the folder of each has it.

source "${BASH_SOURCE[0]%/*}/../common/begin.sh"
source "${BASH_SOURCE[0]%/*}/../common/checkout.sh"

declare -A keys=(
    [version]=once
    [source]=once      # a tarball: what is built is what is shipped
    [triplet]=once     # as configure calls the target
    [library]=any      # NAME=PACKAGE: a library that may go into the tree, and the package that it is from
)

# Where the bar is when the interpreter for the target is begun.
begun=0
# Where the target is another machine than the one that builds: the interpreter that runs here, and what configure is told.
native=
cross=()

# begin WORD ...
begin() {
    read_words "$@"
    series=${version%.*}
    # The archives are called by it.
    name=cpython-$version-$triplet${variant:+-$variant}
    tree=$work/$name
    settle_surroundings
    [[ $source == tarball ]] || fail "source=$source, expected tarball"
    find_source
    cp -r "$checkout" "$work/source"
    chmod -R u+w "$work/source"
}

# No file is newer than what was generated from it, nor than what will be, whatever the clock says.
settle_source() {
    find "$work/source" -exec touch --no-dereference --date=1980-01-02 {} +
}

# configure FOLDER [OPTION ...]: in a new folder.
configure() {
    mkdir "$work/$1"
    cd "$work/$1"
    ../source/configure "${@:2}"
    cd "$work"
}

# compile FOLDER FROM TO TARGET [VARIABLE=VALUE]: what was configured, while the bar goes from one percentage
# to another, of about the time that it takes.
compile() {
    local from=$2 to=$3 total done=0 line
    progress "$from" 100 compile
    total=$(make --directory="$1" --dry-run "${@:4}" | sed -n '/ -c /p' | wc -l)
    make --directory="$1" --jobs="$(nproc)" "${@:4}" 2>&1 | while IFS= read -r line; do
        echo "$line"
        if [[ $line == *" -c "* ]]; then
            ((done += 1))
            progress $((from + (to - from) * done / (total > done ? total : done))) 100 compile
        fi
    done
}

# build_native PREFIX COMPILER: this very CPython for the machine that builds, to run what the build for another machine
# has to run: it freezes modules, makes byte-code, and installs pip. It is not in the tree.
build_native() {
    progress 0 100 configure
    configure native CC="$2" OPT="-DNDEBUG -O1" --prefix="$1" --disable-test-modules
    compile native 4 30 sharedmods
    begun=30
    native=$work/native/python
    cross=(--host="$triplet" --build="$("$2" -dumpmachine)" --with-build-python="$native")
}

# All but the byte-code: in the place of making it, make prints a help text.
install() {
    progress 80 100 install
    make --directory=objects install DESTDIR="$work/installed" COMPILEALL_OPTS=--help
    find "$work/installed" -name __pycache__ -prune -exec rm -r {} +
}

# make_bytecode INTERPRETER LIBRARY PREFIX: for all but the tests, as if it had been in the prefix. It goes by its source's
# hash and not by its time; that for -O and -OO is made when somebody wants it. One process makes it: what several make can
# depend on which of them makes what.
make_bytecode() {
    "$1" -I -B -m compileall -q -f --invalidation-mode checked-hash -s "$tree" -p "$3" \
        -x "^$2/test/|bad_coding|badsyntax|/lib2to3/tests/data/" "$2"
}

sysconfigdata() {
    echo "$1"/_sysconfigdata_*.py
}

# hide_folder LIBRARY: it does not say where it was built, but always the same.
hide_folder() {
    sed --in-place "s|$work/|/build/|g" "$(sysconfigdata "$1")" "$1"/config-*/Makefile
}

# describe INTERPRETER C_LIBRARY COMPILER FILE=PACKAGE ...: what is in the tree, and the licences of that.
describe() {
    local each package
    mkdir "$tree/licenses"
    cp "$work/source/LICENSE" "$tree/licenses/cpython"
    for each in "${@:4}"; do
        package=${each#*=}
        # One package can have several libraries; and with some engines nothing there may be written to, copies included.
        cp --dereference --force "/usr/share/doc/${package%:*}/copyright" "$tree/licenses/${package%:*}"
    done
    "$1" -I -B "$recipe/describe.py" "$tree" "$version" "$triplet" "${@:2}" > "$tree/PYTHON.json"
}

# pack NAME: the folder of that name; the same blocks whatever the number of threads.
pack() {
    tar --create --format=posix --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --mode=u+w,go+u,go-w --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \
        --directory="$work" "$1" | xz --threads="+$(nproc)" --block-size=16MiB > "/out/$1.tar.xz"
}
