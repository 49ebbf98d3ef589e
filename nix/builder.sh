# Runs a command in an environment, inside the Nix sandbox. The contract inside is that of Verbatim's other engines.
#
#   bash builder.sh COMMAND [ARGUMENT]...
#
# The derivation gives the variables: environment, loader and libraries are where the tools are; refused is the filter
# on system calls; confinement, mounts, contract (variables), uid, host and folder are what contract.toml says; inputs is a tar file of what is to be in /in, or else recipes, recipe, kind and source are what that is
# made of; epoch is for SOURCE_DATE_EPOCH. With a nonce, every line of the command's has it before it: so nothing that the
# command says can be mistaken for something that is said here, nor the other way round.
set -euo pipefail
umask 022

main() {
    check_sandbox
    in=$NIX_BUILD_TOP/verbatim/in build=$NIX_BUILD_TOP/verbatim/build status=$NIX_BUILD_TOP/verbatim/status
    tool mkdir -p "$in" "$build" "$out"
    lay_out
    confined "$@" 2>&1 3> "$status" | marked || true
    end
}

# A program of the environment's, whose files are not where it would look for them. All that runs here, bubblewrap as well, is
# in Nix's own sandbox; variants of a library for certain processors are not loaded, so that each has one place.
tool() {
    "$loader" --inhibit-cache --glibc-hwcaps-mask none --library-path "$libraries" "$environment/usr/bin/$1" "${@:2}"
}

refuse() {
    echo "verbatim: $1" >&2
    exit 1
}

# A daemon ignores what a user asks for whom it does not trust: only from inside can it be seen. In the sandbox the
# first process there is is the one that started this, and the host's folders are not there.
check_sandbox() {
    [[ $PPID == 1 && ! -e /sys && ! -e /home && ! -e /root ]] || refuse "the Nix sandbox is off"
}

lay_out() {
    if [[ -n ${inputs-} ]]; then
        unpack "$inputs" "$in"
        return
    fi
    tool cp -r -L "$recipes/$recipe" "$in/recipe"
    tool cp -r -L "$recipes/common" "$in/common"
    tool mkdir "$in/source"
    if [[ $kind == git ]]; then
        tool cp "$source" "$in/source/commit.pack"
        return
    fi
    # A hard link becomes a file of its own, as in the other engines.
    tool mkdir "$NIX_BUILD_TOP/verbatim/linked"
    unpack "$source" "$NIX_BUILD_TOP/verbatim/linked"
    tool cp -r -P --preserve=mode,timestamps "$NIX_BUILD_TOP/verbatim/linked/." "$in/source"
    tool rm -r "$NIX_BUILD_TOP/verbatim/linked"
    if [[ -z $epoch ]]; then
        epoch=$(tool find "$in/source" -mindepth 1 -printf '%Ts\n' | tool sort -n | tool tail -n 1)
    fi
}

# With modes and times; the environment's own tar, which finds no program to decompress with.
unpack() {
    local options=(--extract --file=- --directory="$2" --no-same-owner --preserve-permissions)
    plain "$1" | tool tar "${options[@]}" || refuse "what is to be in /in cannot be unpacked"
}

plain() {
    local magic
    magic=$(tool od -A n -t x1 -N 4 "$1")
    case $magic in
        " fd 37 7a 58") tool xz --decompress --stdout "$1" ;;
        " 1f 8b "*) tool gzip --decompress --stdout "$1" ;;
        *) tool cat "$1" ;;
    esac
}

# As verbatim/sandboxing/bubblewrap.py has it, from the same contract.toml; bwrap(1) says what the options do.
confined() {
    local alone usual variables pair
    read -r -a alone <<< "$confinement"
    read -r -a usual <<< "$mounts"
    variables=(--setenv HOME "$folder" --setenv PWD "$folder" --setenv SOURCE_DATE_EPOCH "$epoch")
    for pair in $contract; do
        variables+=(--setenv "${pair%%=*}" "${pair#*=}")
    done
    tool bwrap "${alone[@]}" --seccomp 4 --uid "$uid" --gid "$uid" --hostname "$host" \
        --ro-bind "$environment" / "${usual[@]}" --json-status-fd 3 \
        --ro-bind "$in" /in --bind "$out" /out --bind "$build" "$folder" \
        --chdir "$folder" --clearenv "${variables[@]}" \
        -- "$@" < /dev/null 4< "$refused"
}

# Nix would take a carriage return for the order to write over the line. A line has a limit, and always an end.
marked() {
    local line LC_ALL=C
    while IFS= read -r -n 65536 line || [[ -n $line ]]; do
        printf '%s\n' "$nonce${line//$'\r'/}"
    done
}

# The command's own status, as bubblewrap reports it; without a report, the command was never started.
end() {
    local report
    report=$(< "$status")
    [[ $report =~ \"exit-code\":\ *([0-9]+) ]] || refuse "bubblewrap could not start the command"
    [[ ${BASH_REMATCH[1]} == 0 ]] || refuse "the command ended with status ${BASH_REMATCH[1]}"
}

main "$@"
