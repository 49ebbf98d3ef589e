#!/usr/bin/bash
# Runs a command in a root with folders mounted where a recipe expects them, in a mount namespace of its own.
#
#   bare.sh ROOT OUTPUT BUILD COUNT NAME PATH [NAME PATH ...] COMMAND [ARGUMENT ...]
set -euo pipefail

root=$1 output=$2 build=$3 count=$4
shift 4
mount --bind "$root" "$root"
mount -t tmpfs none "$root/in"
while ((count-- > 0)); do
    if [[ -d $2 ]]; then
        mkdir -p "$root/in/$1"
    else
        mkdir -p "$(dirname "$root/in/$1")"
        touch "$root/in/$1"
    fi
    mount --bind "$2" "$root/in/$1"
    shift 2
done
mount --bind "$output" "$root/out"
mount --bind "$build" "$root/build"
mount --bind /dev "$root/dev"
mount --bind /proc "$root/proc"
exec chroot "$root" /usr/bin/bash -c 'cd /build && umask 022 && exec "$@"' bash "$@"
