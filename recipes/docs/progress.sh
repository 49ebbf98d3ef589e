# The bar of several tasks at a time. The percentage that each has done is kept in a file of its own.

# What each takes, in seconds on some machine.
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
    progress "$done" "$total" "$1"
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
