#!/usr/bin/bash
# Makes the site of Verbatim's own pages by Sphinx: from /in/pages, which has them as the repository does, into /out.
# Each warning is an error.
set -euo pipefail

source "${BASH_SOURCE[0]%/*}/../common/begin.sh"

declare -A keys=(
    [front]=once   # the page that the site begins with, such as README.md
)
read_words "$@"

python3 -I /in/recipe/pages.py "$front" /in/pages "$work/pages"

# One process: what several read is put together in the order in which they finish.
python3 -m sphinx --quiet --fail-on-warning --builder html --jobs 1 \
    --conf-dir /in/recipe --doctree-dir "$work/doctrees" "$work/pages" /out
