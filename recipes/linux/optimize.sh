# How an interpreter is optimised by what it does most (PGO), and comes out the same on every machine all the same: what it
# does is counted while it does always the same, in surroundings that are always the same.
#
# An emulator gives it the same processor and the same addresses everywhere; same.c the same files, times and chance; and
# the places that it sees are the same whatever the build's own. So the counts are the same, and what they lead to.
#
# What it reads is counted, too: the text of train.py and training_*.py, and the names of all files beside them, since the
# interpreter lists that folder. Whoever adds a file to this recipe, or renames one, changes the counts; so what other recipes
# need as well is not here.

# compile_optimized FOLDER FROM TO: makes what "make all" would where it was configured with --enable-optimizations and
# --with-lto, but for the training.
compile_optimized() {
    local middle=$((($2 + $3) / 2)) counts place
    cp -r "$1" "$work/instrumented"
    # Counts are of single files, before the link: that can be the plain one. The seed keeps the time out of them; and the
    # interpreter has no path in it that could be another one, since that would move all that lies behind it.
    local counting=(-fprofile-generate="$training/counts" -fprofile-prefix-path="$work/instrumented" -fno-lto -frandom-seed=1)
    # When cross-compiling, the interpreter that runs here looks for what it is told of the target in that folder.
    compile instrumented "$2" $((middle - 5)) profile-gen-stamp PGO_PROF_GEN_FLAG="${counting[*]}" \
        abs_builddir="$work/instrumented"
    progress $((middle - 5)) 100 train
    train instrumented
    for counts in "$training"/counts/*; do
        place=${counts##*/}
        cp "$counts" "$1/${place//#//}"
    done
    rm -r "$training" "$work/instrumented"
    touch "$1/profile-run-stamp"
    # What was not trained comes out as it would without any training.
    local using="-fprofile-use -fprofile-partial-training"
    # The program that freezes modules is linked as well, and is not in the tree: with LTO, all would wait for it.
    compile "$1" "$middle" $(($3 - 5)) Python/frozen_modules/getpath.h CFLAGS_NODIST=" $using" LDFLAGS_NODIST=-fno-lto
    compile "$1" $(($3 - 5)) "$3" profile-opt PGO_PROF_USE_FLAG="$using"
}

# Not in the build folder, whose place can be another one: paths are text, which is counted as well.
training=/tmp/training

# train FOLDER: runs the interpreter there, and leaves its counts in the folder "counts".
train() {
    # The build has run the interpreter, too, where that is for the machine that builds.
    rm -rf "$training"
    mkdir "$training" "$training/objects"
    ln -s "$checkout" "$training/source"
    (cd "$1" && cp --parents python pybuilddir.txt "$(cat pybuilddir.txt)"/*.so "$training/objects")
    gcc -O1 -Wall -Wextra -Werror -shared -fPIC -o "$training/same.so" "$recipe/same.c"
    (
        cd "$training"
        env --ignore-environment --default-signal HOME=/ LC_ALL=C.UTF-8 PYTHONHASHSEED=0 LD_PRELOAD="$training/same.so" \
            "$emulator" -s 8388608 -seed 1 -r 6.1 objects/python -s -B "$recipe/train.py" 8 \
            < /dev/null > said 2>&1 || fail "the training failed: $(tail -n 1 said)"
    )
    [[ -e $training/counts/Python#ceval.gcda ]] || fail "the training left no counts"
    echo "the counts of the training have the SHA-256 $(cd "$training/counts" && sha256sum -- * | sha256sum | head -c 64)"
}
