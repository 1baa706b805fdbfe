# shellcheck shell=bash
# What the parts of a stack use of processor and memory, read from proc(5).

# Of PostgreSQL also the sessions of each service's database by themselves; the rest writes for both of them.
USAGE_PARTS=(lancamentos consolidado postgres postgres-lancamentos postgres-consolidado rabbitmq)

# A part's processes that this stack started, one pid file a line.
usage_roots() {
    local name
    case $1 in
        lancamentos | consolidado)
            for name in $(instances_running "$1"); do printf '%s\n' "$RUN/$name.pid"; done
            ;;
        *) server_pid_file "$1" ;;
    esac
}

# Sets TREE to the processes in pid files and all that descend from them.
usage_tree() {
    local stat pid_file pid position
    local -a fields
    local -A children=()
    for stat in /proc/[0-9]*/stat; do
        { read -r stat <"$stat"; } 2>/dev/null || continue
        read -ra fields <<<"${stat##*) }"
        children[${fields[1]}]+=" ${stat%% *}"
    done
    TREE=()
    for pid_file; do
        if pid=$(process_of "$pid_file"); then TREE+=("$pid"); fi
    done
    for ((position = 0; position < ${#TREE[@]}; position++)); do
        # shellcheck disable=SC2206 # a list of numbers
        TREE+=(${children[${TREE[position]}]:-})
    done
}

# Processor time of the processes in TREE, in ms. Children that have ended are in their parent's count.
usage_cpu_ms() {
    local pid stat ticks=0
    local -a fields
    for pid in "${TREE[@]}"; do
        { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || continue
        read -ra fields <<<"${stat##*) }"
        ticks=$((ticks + fields[11] + fields[12] + fields[13] + fields[14]))
    done
    printf '%d\n' $((ticks * 1000 / $(getconf CLK_TCK)))
}

# The most memory that the processes in TREE had since usage_reset_peaks, in KiB: each one's own pages, and once what they
# share. The peaks of several processes need not have been at the same time.
usage_peak_kib() {
    local pid key value unit own=0 file_max=0 shared_max=0
    for pid in "${TREE[@]}"; do
        local hwm=0 file=0 shared=0
        while read -r key value unit; do
            case $key in
                VmHWM:) hwm=$value ;;
                RssFile:) file=$value ;;
                RssShmem:) shared=$value ;;
            esac
        done 2>/dev/null <"/proc/$pid/status" || continue
        own=$((own + (hwm > file + shared ? hwm - file - shared : 0)))
        if ((file > file_max)); then file_max=$file; fi
        if ((shared > shared_max)); then shared_max=$shared; fi
    done
    : "${unit:-}"
    printf '%d\n' $((own + file_max + shared_max))
}

# Sets TREE to the processes of a part.
usage_of() {
    local -a roots
    mapfile -t roots < <(usage_roots "${1%-*}")
    usage_tree "${roots[@]}"
    if [[ $1 == postgres-* ]]; then usage_sessions "${1#*-}"; fi
}

# Leaves in TREE the sessions with a database: PostgreSQL names them `postgres: user database host state`.
usage_sessions() {
    local pid title
    local -a words sessions=()
    for pid in "${TREE[@]}"; do
        { read -rd '' title <"/proc/$pid/cmdline"; } 2>/dev/null || true
        read -ra words <<<"${title:-}"
        if [[ ${words[0]:-} == postgres: && ${words[2]:-} == "$1" ]]; then sessions+=("$pid"); fi
    done
    TREE=("${sessions[@]}")
}

usage_print() {
    local part ended
    for part in "${USAGE_PARTS[@]}"; do
        usage_of "$part"
        ended=0
        if [[ -s $RUN/$part.cpu-encerrada ]]; then ended=$(<"$RUN/$part.cpu-encerrada"); fi
        printf '%s %d %d\n' "$part" $(($(usage_cpu_ms) + ended)) "$(usage_peak_kib)"
    done
}

# Peaks count from here on; where the kernel does not let us, from the processes' beginning.
usage_reset_peaks() {
    local part pid
    for part in "${USAGE_PARTS[@]}"; do
        usage_of "$part"
        for pid in "${TREE[@]}"; do { printf 5 >"/proc/$pid/clear_refs"; } 2>/dev/null || true; done
    done
}

# usage_ended NAME: keeps the processor time of an instance that is about to end.
usage_ended() {
    local file=$RUN/${1%-*}.cpu-encerrada ended=0
    usage_tree "$RUN/$1.pid"
    if [[ -s $file ]]; then ended=$(<"$file"); fi
    printf '%d\n' $((ended + $(usage_cpu_ms))) >"$file"
}
