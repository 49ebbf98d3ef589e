# How each format is made, and packed.

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
        cd "$checkout/Doc"
        python3 -P "${program[@]}" -b "$builder" -d "$doctrees" -j 1 -W "${copyright[@]}" "$@" . "build/$task" 2>&1
    ) | follow "$task"
}

build_text() {
    sphinx text text "$work/doctrees-text"
    pack text "$checkout/Doc/build/text"
}

build_html() {
    sphinx html html "$work/doctrees-html"
    # Pictures for links to single pages, which Doc/Makefile leaves out as well.
    rm -rf "$checkout/Doc/build/html/_images/social_previews"
    pack html "$checkout/Doc/build/html"
}

build_epub() {
    sphinx epub epub "$work/doctrees-epub"
    refuse_unreleased "$checkout/Doc/build/epub"
    mv "$checkout/Doc/build/epub/Python.epub" "/out/python-$version-docs.epub"
}

build_texinfo() {
    sphinx texinfo texinfo "$work/doctrees-texinfo"
    make --directory="$checkout/Doc/build/texinfo" info
    report texinfo 100
    pack texinfo "$checkout/Doc/build/texinfo"
}

# The PDFs are in a folder that Sphinx's own Makefile calls so. The options are in each PDF's /ID.
build_pdf() {
    local format=$1 paper=${1#pdf-} folder=$checkout/Doc/build/$1
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
