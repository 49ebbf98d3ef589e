# The source of a release, for recipes that have these keys:
#
#   version    such as 3.13.5
#   source     "tarball": it is unpacked in /in/source/Python-VERSION; "git": it is a commit, in /in/source/commit.pack
#   commit     with source=git: its id
#   tree       with source=git: the id of its tree

# Sets "checkout" to the folder that holds the source. That of a tarball cannot be written to.
find_source() {
    case $source in
        tarball) checkout=/in/source/Python-$version ;;
        git)
            [[ -n ${commit-} && -n ${tree-} ]] || fail "source=git needs a commit and a tree"
            checkout=$work/Python-$version
            export_commit
            ;;
        *) fail "source=$source, expected tarball or git" ;;
    esac
    check_version
}

# Unpacking computes every object's id from its content: nothing is taken on trust from the pack.
export_commit() {
    export GIT_CONFIG_NOSYSTEM=1
    git init --quiet --bare --template= "$work/repository"
    cd "$work/repository"
    echo "$commit" > shallow
    git index-pack --strict --stdin < /in/source/commit.pack
    [[ $(git rev-parse "$commit^{tree}") == "$tree" ]] || fail "commit $commit does not have the tree $tree"
    # It would put the clock, or what else git knows, into files.
    ! git grep --quiet export-subst "$commit" -- '*.gitattributes' || fail "the tree has files with export-subst"
    git archive --format=tar --prefix="Python-$version/" "$commit" | tar --extract --directory="$work"
    cd "$work"
}

# A commit or tarball of another version must not go out under this one's name.
check_version() {
    local actual
    actual=$(sed -n 's/^#define[[:space:]]*PY_VERSION[[:space:]]*"\(.*\)".*/\1/p' "$checkout/Include/patchlevel.h")
    [[ $actual == "$version" ]] || fail "the source says that it is $actual, expected $version"
}
