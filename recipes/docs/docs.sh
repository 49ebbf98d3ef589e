#!/usr/bin/bash
# Makes the archives of the documentation in /out, with the contents that `make dist` in CPython's Doc gives.
#
#   docs.sh VERSION tarball [FORMAT ...]              from /in/source/Python-VERSION
#   docs.sh VERSION git COMMIT TREE [FORMAT ...]      from /in/source/commit.pack
#
# The formats are epub, html, pdf-a4, pdf-letter, texinfo and text; none means all.
# A line "progress DONE TOTAL WHAT" is for the bar; all others are for the log.
set -euo pipefail

version=$1
kind=$2
work=$PWD
recipe=${BASH_SOURCE[0]%/*}

# What the surroundings say of language, zone and user gets no word in here. Sets are written out in the order of
# their hashes (the anchors of Texinfo). HOME is for TeX, which keeps files there.
clean_surroundings() {
    umask 022
    export LC_ALL=C.UTF-8 TZ=UTC PYTHONHASHSEED=0 HOME=$work/home FORCE_SOURCE_DATE=1
    unset COLUMNS LANGUAGE
    mkdir "$HOME"
}

main() {
    clean_surroundings
    case $kind in
        tarball) tree=/in/source/Python-$version; shift 2 ;;
        git) export_commit "$3" "$4"; tree=$work/Python-$version; shift 4 ;;
        *) fail "unknown kind of source: $kind" ;;
    esac
    check_version
    python3 -P "$recipe/requirements.py" "$tree/Doc/requirements.txt"
    lay_out
    date_copyright
    formats=("$@")
    if ((${#formats[@]} == 0)); then
        formats=(epub html pdf-a4 pdf-letter texinfo text)
    fi
    plan_progress
    build_all
}

fail() {
    echo "$1" >&2
    exit 1
}

# Unpacking computes every object's id from its content: nothing is taken on trust from the pack.
export_commit() {
    local commit=$1 id=$2
    export GIT_CONFIG_NOSYSTEM=1
    git init --quiet --bare --template= "$work/repository"
    cd "$work/repository"
    echo "$commit" > shallow
    git index-pack --strict --stdin < /in/source/commit.pack
    [[ $(git rev-parse "$commit^{tree}") == "$id" ]] || fail "commit $commit has not the tree $id"
    # It would put the clock, or what else git knows, into files.
    ! git grep --quiet export-subst "$commit" -- '*.gitattributes' || fail "the tree has files with export-subst"
    git archive --format=tar --prefix="Python-$version/" "$commit" | tar --extract --directory="$work"
    cd "$work"
}

# A commit or tarball of another version must not go out under this one's name.
check_version() {
    local actual
    actual=$(sed -n 's/^#define[[:space:]]*PY_VERSION[[:space:]]*"\(.*\)".*/\1/p' "$tree/Include/patchlevel.h")
    [[ $actual == "$version" ]] || fail "the source says that it is $actual, expected $version"
}

# The documentation takes in files from all over the source; some of it goes beside them.
lay_out() {
    if [[ $kind == tarball ]]; then
        cp -r "$tree" "$work/Python-$version"
        tree=$work/Python-$version
    fi
    chmod -R u+w "$tree"
    mkdir -p "$tree/Doc/build"
    # As Doc/Makefile does it. From a commit, the news entries are there; blurb is the pinned one.
    if [[ -f $tree/Misc/NEWS ]]; then
        cp "$tree/Misc/NEWS" "$tree/Doc/build/NEWS"
    else
        (cd "$tree" && python3 -P -m blurb merge -f Doc/build/NEWS)
    fi
    # What looks newer than the time at which it was read, Sphinx would read again for each format, and audit_events.py
    # would count it again: so it would be where the clock stands before the commit.
    find "$tree" -exec touch --no-dereference --date=1980-01-02 {} +
}

# Left to itself, Sphinx takes the year from a clock that stands before the commit.
date_copyright() {
    local said year
    said=$(sed -n 's/^copyright = "\(.*%Y.*\)"$/\1/p' "$tree/Doc/conf.py")
    year=$(date --date="@$SOURCE_DATE_EPOCH" +%Y)
    copyright=()
    if [[ -n $said ]]; then
        copyright=(-D "copyright=${said//%Y/"$year"}")
    fi
}

wanted() {
    [[ " ${formats[*]} " == *" $1 "* ]]
}

# Reading is done once for all formats but text: for that one, conf.py has quotes left as they are, which is decided
# when reading. It is done by one process, since audit_events.py counts what each process reads; so formats are made
# side by side instead, the longest first.
build_all() {
    local others=() format
    for format in pdf-a4 pdf-letter texinfo html epub; do
        if wanted "$format"; then
            others+=("$format")
        fi
    done
    if wanted text; then
        build_text &
    fi
    if ((${#others[@]})); then
        sphinx reading dummy "$work/doctrees"
    fi
    for format in "${others[@]}"; do
        wait_for_less_than "$(nproc)"
        build_from_doctrees "$format" &
    done
    wait_for_less_than 1
}

# wait_for_less_than COUNT: until so few are at work. One that failed ends it all.
wait_for_less_than() {
    local running
    while running=($(jobs -pr)) && ((${#running[@]} >= $1)); do
        wait -n
    done
    # Those that ended in between.
    local ended
    for ended in $(jobs -p); do
        if [[ " ${running[*]} " != *" $ended "* ]]; then
            wait "$ended"
        fi
    done
}

build_from_doctrees() {
    # A builder may write there, too.
    cp -r "$work/doctrees" "$work/doctrees-$1"
    case $1 in
        html) build_html ;;
        epub) build_epub ;;
        texinfo) build_texinfo ;;
        pdf-*) build_pdf "$1" ;;
    esac
    rm -rf "$work/doctrees-$1"
}

# sphinx TASK BUILDER DOCTREES [OPTION ...]: as Doc/Makefile has it, a warning being an error.
sphinx() {
    local task=$1 builder=$2 doctrees=$3
    shift 3
    local program=(-m sphinx)
    if [[ $builder == epub ]]; then
        program=("$recipe/epub.py")
    fi
    (
        cd "$tree/Doc"
        python3 -P "${program[@]}" -b "$builder" -d "$doctrees" -j 1 -W "${copyright[@]}" "$@" . "build/$task" 2>&1
    ) | follow "$task"
}

build_text() {
    sphinx text text "$work/doctrees-text"
    pack text "$tree/Doc/build/text"
}

build_html() {
    sphinx html html "$work/doctrees-html"
    # Pictures for links to single pages, which Doc/Makefile leaves out as well.
    rm -rf "$tree/Doc/build/html/_images/social_previews"
    pack html "$tree/Doc/build/html"
}

build_epub() {
    sphinx epub epub "$work/doctrees-epub"
    refuse_unreleased "$tree/Doc/build/epub"
    mv "$tree/Doc/build/epub/Python.epub" "/out/python-$version-docs.epub"
}

build_texinfo() {
    sphinx texinfo texinfo "$work/doctrees-texinfo"
    make --directory="$tree/Doc/build/texinfo" info
    report texinfo 100
    pack texinfo "$tree/Doc/build/texinfo"
}

# The PDFs are in a folder that Sphinx's own Makefile calls so. The options are in each PDF's /ID.
build_pdf() {
    local format=$1 paper=${1#pdf-} folder=$tree/Doc/build/$1
    sphinx "$format" latex "$work/doctrees-$format" -D "latex_elements.papersize=${paper}paper"
    make --directory="$folder" --jobs="$(nproc)" --output-sync LATEXMKOPTS=-quiet all-pdf 2>&1 |
        follow_pdf "$format" "$folder"
    mkdir "$work/$format"
    mkdir "$work/$format/docs-pdf"
    # Pictures are PDF as well.
    local source
    for source in "$folder"/*.tex; do
        mv "${source%.tex}.pdf" "$work/$format/docs-pdf"
    done
    archive "$format" "$work/$format/docs-pdf"
}

# pack FORMAT FOLDER: into archives with the folder's contents below a name of its own.
pack() {
    local format=$1 name=python-$version-docs-$1
    refuse_unreleased "$2"
    mkdir "$work/$format"
    mv "$2" "$work/$format/$name"
    archive "$format" "$work/$format/$name"
}

archive() {
    local name=/out/python-$version-docs-$1 folder=$2
    find "$folder" -type d -exec chmod 755 {} + -o -type f -exec chmod 644 {} +
    # Every time is set, not clamped: the clock may stand before the commit.
    tar --create --format=posix --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \
        --directory="${folder%/*}" "${folder##*/}" | bzip2 -9 > "$name.tar.bz2"
    python3 -P "$recipe/zipped.py" "$folder" "$name.zip"
}

# What a release forgot to date.
refuse_unreleased() {
    local found
    found=$(grep --recursive --files-with-matches --fixed-strings '(unreleased)' "$1" | head -n 3) || true
    [[ -z $found ]] || fail "still \"(unreleased)\": ${found//$'\n'/, }"
}

# For the bar: what each task takes, in seconds on some machine, of which the percentages are kept in a file each.
declare -A seconds=([reading]=60 [text]=160 [html]=80 [epub]=75 [texinfo]=190 [pdf-a4]=900 [pdf-letter]=900)

plan_progress() {
    mkdir "$work/progress"
    local format
    for format in "${formats[@]}"; do
        [[ -n ${seconds[$format]-} ]] || fail "unknown format: $format"
        echo 0 > "$work/progress/$format"
        if [[ $format != text ]]; then
            echo 0 > "$work/progress/reading"
        fi
    done
}

# report TASK PERCENT
report() {
    local task percent done=0 total=0
    echo "$2" > "$work/progress/$1"
    for task in "$work"/progress/*; do
        # Another one may be writing it.
        percent=$(< "$task")
        task=${task##*/}
        ((total += seconds[$task] * 100, done += seconds[$task] * ${percent:-0})) || true
    done
    echo "progress $done $total $1"
}

# Sphinx's own percentages: a task's share of them depends on what it does besides.
follow() {
    local task=$1 line percent last=-1
    while IFS= read -r line; do
        if [[ ! $line =~ ^(reading|writing)\ [a-z]+\.\.\.\ \[\ *([0-9]+)% ]]; then
            echo "$task: $line"
            continue
        fi
        percent=${BASH_REMATCH[2]}
        case $task-${BASH_REMATCH[1]} in
            text-reading) ((percent = percent * 40 / 100)) || true ;;
            text-writing) ((percent = 40 + percent * 60 / 100)) ;;
            texinfo-writing) ((percent = percent * 40 / 100)) || true ;;
            pdf-*-writing) ((percent = percent * 10 / 100)) || true ;;
        esac
        if ((percent > last)); then
            report "$task" "$percent"
            last=$percent
        fi
    done
}

# Not by find(1), which fails if xelatex takes a temporary file away while it looks.
follow_pdf() {
    local task=$1 folder=$2 line source made
    local sources=("$folder"/*.tex)
    while IFS= read -r line; do
        echo "$task: $line"
        made=0
        for source in "${sources[@]}"; do
            if [[ -e ${source%.tex}.pdf ]]; then
                ((made += 1))
            fi
        done
        report "$task" $((10 + 90 * made / (${#sources[@]} + 1)))
    done
}

main "$@"
