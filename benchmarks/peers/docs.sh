# What CPython's own Doc/Makefile makes, with its options: docs.sh FOLDER TARGET ...
set -euo pipefail

folder=$1
shift
# TeX keeps files there; and dates what it makes by SOURCE_DATE_EPOCH only if it is told to.
export HOME=$PWD/home FORCE_SOURCE_DATE=1
mkdir "$HOME"
cp -r "/in/source/$folder" .
chmod -R u+w "$folder"
make --directory="$folder/Doc" "$@" PYTHON=python3 SPHINXBUILD='python3 -m sphinx' BLURB='python3 -m blurb'
cp "$folder"/Doc/dist/* /out
