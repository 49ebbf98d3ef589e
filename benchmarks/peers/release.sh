# The work of CPython's release script (tarball() in release.py of python/release-tools): two tarballs of
# one tree, one after the other. Its options; the time is the environment's, and xz has one thread, as on
# the machine that made the published ones.
set -euo pipefail

options=(
    --sort=name --mtime="@$SOURCE_DATE_EPOCH" --clamp-mtime --owner=0 --group=0 --numeric-owner
    --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' --mode=go+u,go-w
)
cd /in/source
tar --create --file="/out/$1.tgz" "${options[@]}" --use-compress-program='gzip --no-name -9' "$1"
tar --create --file="/out/$1.tar.xz" "${options[@]}" --use-compress-program='xz --threads=1' "$1"
