#!/usr/bin/bash
# Tests an unpacked tree by CPython's own test suite, and by what pip installs with it. All that it prints is the log, and
# the verdict is read from that: from lines "verdict NAME passed" or "verdict NAME failed", and regrtest's own summary.
#
# The status is 0 whether tests fail or not, and 3 if the release has not what is to be chosen, left or ignored; then the
# last line is that word.
set -euo pipefail

source "${BASH_SOURCE[0]%/*}/../common/begin.sh"

declare -A keys=(
    [tree]=once            # where it is, read-only
    [python]=some          # the command that starts its interpreter, word by word, with {tree} for the path
    [emulator]=optional    # of programs for another machine: one of QEMU's
    [pip]=optional         # "yes": see that pip installs a wheel, and an sdist with an extension
    [suite]=optional       # "yes": run the test suite
    [processes]=optional   # "yes": an interpreter can start others, so several modules are tested at a time
    [choose]=any           # a module to test; without any, all
    [leave]=any            # a module to leave out
    [ignore]=any           # MODULE:TEST: one test to leave out
)

# Seconds after which a module hangs.
patience=1200

main() {
    read_words "$@"
    command=("${python[@]//\{tree\}/$tree}")
    # The contract sets them; whoever uses the tree has neither.
    unset PYTHONHASHSEED SOURCE_DATE_EPOCH
    export TMPDIR=$work/tmp
    mkdir "$TMPDIR"
    if [[ -n $pip ]]; then
        "${command[@]}" "$recipe/install.py" "$recipe"
    fi
    if [[ -n $suite ]]; then
        move_tree
        choose_modules
        run_suite
    fi
}

# To where nothing can be written to it, but what is not there can be removed: tests do that, and a read-only file system
# refuses. Nor has the path a space: tests hand it to shells without quotes.
move_tree() {
    local place=$work/añother-place
    mkdir "$place"
    cp --recursive --preserve=mode,timestamps,links "$tree" "$place/"
    tree=$place/${tree##*/}
    if [[ -n $emulator ]]; then
        emulate "$(realpath "$tree/bin/python3")"
    fi
    chmod -R a-w "$tree"
    command=("${python[@]//\{tree\}/$tree}")
}

# emulate INTERPRETER: a script takes its place, which the kernel can start, and so do its tests. It stands for it by any
# other name as well: in a virtual environment, for instance.
emulate() {
    mv "$1" "$1-emulated"
    printf '#!/usr/bin/bash\nexec %q -0 "$0" "$(/usr/bin/realpath "$0")-emulated" "$@"\n' "$emulator" > "$1"
    chmod 755 "$1"
}

# unknown WORD: the release has no such test.
unknown() {
    echo "$1"
    exit 3
}

# Into modules: those that regrtest knows, or those that were chosen; without those that are left out.
choose_modules() {
    local name test
    modules=()
    ignoring=()
    "${command[@]}" -m test --list-tests > "$work/known"
    : > "$work/left"
    for name in "${leave[@]}"; do
        named "$name" >> "$work/left" || unknown "leave=$name"
    done
    : > "$work/chosen"
    for name in "${choose[@]}"; do
        named "$name" >> "$work/chosen" || unknown "choose=$name"
    done
    ((${#choose[@]})) || cp "$work/known" "$work/chosen"
    mapfile -t modules < <(grep -v -x -F -f "$work/left" "$work/chosen")
    for test in "${ignore[@]}"; do
        has "${test%%:*}" "${test#*:}" || unknown "ignore=$test"
        ignoring+=(--ignore "${test#*:}")
    done
}

# named MODULE: its line in what regrtest knows, or, if it is a package that regrtest takes apart, several.
named() {
    grep -E "^(test\.)?${1//./\\.}(\.[A-Za-z0-9_]+)*$" "$work/known"
}

# has MODULE TEST: whether it is among the module's tests, by its whole name.
has() {
    local cases=$work/cases-$1
    [[ -e $cases ]] || "${command[@]}" -m test --list-cases "$1" > "$cases"
    grep -q -x -F "$2" "$cases"
}

# What fails is tested again; what then passes is named in the summary.
run_suite() {
    local status=0 how=(--single-process)
    if [[ -n $processes ]]; then
        how=(-j "$(nproc)" --timeout "$patience" --rerun)
    fi
    "${command[@]}" -m test --verbose3 "${how[@]}" "${ignoring[@]}" "${modules[@]}" || status=$?
    echo "regrtest ended with status $status"
}

main "$@"
