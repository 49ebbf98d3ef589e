# What every recipe begins with: the words that it is told, how it fails, its progress, and the surroundings of a build.
#
# A recipe is told words "key=value", in any order. It declares which, a key a line, and then reads them:
#
#   declare -A keys=(
#       [version]=once      # exactly once
#       [commit]=optional   # at most once
#       [python]=some       # at least once
#       [format]=any        # as often as wanted
#   )
#   read_words "$@"
#
# Each key is a variable then: an array for "some" and "any"; for the others its value, which is empty if it was not given.

work=$PWD
recipe=${0%/*}

fail() {
    echo "$1" >&2
    exit 1
}

# Status 64 is EX_USAGE in sysexits.h: no recipe means anything else by it.
refuse_words() {
    echo "$1; expected ${!keys[*]}" >&2
    exit 64
}

read_words() {
    # What is between a and z depends on the language: in Estonian, v is not.
    local LC_ALL=C
    local word key
    local -A given=()
    for key in "${!keys[@]}"; do
        case ${keys[$key]} in
            once | optional) declare -g "$key=" ;;
            some | any) declare -ga "$key=()" ;;
        esac
    done
    for word in "$@"; do
        key=${word%%=*}
        [[ $word =~ ^[a-z]+= ]] || refuse_words "'$word' is not a word key=value"
        [[ -n ${keys[$key]-} ]] || refuse_words "the key $key is unknown"
        case ${keys[$key]}-${given[$key]-} in
            once-yes | optional-yes) refuse_words "the key $key is given twice" ;;
            once- | optional-) declare -g "$key=${word#*=}" ;;
            *)
                local -n values=$key
                values+=("${word#*=}")
                ;;
        esac
        given[$key]=yes
    done
    for key in "${!keys[@]}"; do
        case ${keys[$key]}-${given[$key]-} in
            once- | some-) refuse_words "the key $key is missing" ;;
        esac
    done
}

# progress DONE TOTAL WHAT: for the bar. All other lines are for the log.
progress() {
    echo "progress $1 $2 $3"
}

# What the surroundings say of language, time zone and user gets into no artifact.
settle_surroundings() {
    umask 022
    export LC_ALL=C.UTF-8 TZ=UTC PYTHONHASHSEED=0 HOME=$work/home
    unset COLUMNS LANGUAGE
    mkdir "$HOME"
}
