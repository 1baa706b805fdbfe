# shellcheck shell=bash
# Processes known by pid files. A pid is recycled after a crash or a restart of the machine, so beside each pid file
# lies what tells one process from every other with the same number: the machine's boot and the process's start time.

# Prints that identity; fails if there is no such process or only its zombie.
process_identity() {
    local stat boot
    local -a fields
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    read -r boot </proc/sys/kernel/random/boot_id
    # The name (second field, in brackets) may hold spaces: count from behind it. proc(5): state is field 3, start time 22.
    read -ra fields <<<"${stat##*) }"
    [[ ${fields[0]} != [ZX] ]] || return 1
    printf '%s %s\n' "$boot" "${fields[19]}"
}

# Prints the pid in a pid file if that very process is alive, else fails.
process_of() {
    local pid_file=$1 pid
    [[ -s $pid_file && -s $pid_file.ident ]] || return 1
    pid=$(<"$pid_file")
    [[ $(process_identity "$pid") == "$(<"$pid_file.ident")" ]] || return 1
    printf '%s\n' "$pid"
}

process_runs() { process_of "$1" >/dev/null; }

# process_start PID_FILE LOG COMMAND…: starts a command in a session of its own (Ctrl-C is for the script, which stops
# things in order) and returns when the pid file is there. The child writes it before it becomes the command (exec keeps
# pid and start time), so no process of ours can be running unrecorded, even if this script is killed here. (A command that
# runs behind would ignore SIGINT, hence env.)
process_start() {
    local pid_file=$1 log=$2
    shift 2
    process_forget "$pid_file"
    trim_log "$log"
    (
        exec </dev/null >>"$log" 2>&1 9<&-
        process_identity "$BASHPID" >"$pid_file.ident"
        printf '%s\n' "$BASHPID" >"$pid_file"
        exec setsid env --default-signal=INT,QUIT "$@"
    ) &
    local child=$!
    while [[ ! -s $pid_file ]] && kill -0 "$child" 2>/dev/null; do sleep 0.02; done
    # It is no job of this shell any more, which would report its end.
    disown "$child" 2>/dev/null || true
}

process_forget() { rm -f "$1" "$1.ident"; }

# One older generation of a log is enough here; 64 MiB each.
trim_log() {
    local size_bytes=0
    [[ -f $1 ]] && size_bytes=$(stat -c %s "$1")
    if ((size_bytes > 64 * 1024 * 1024)); then mv -f "$1" "$1.1"; fi
}

# processes_stop SIGNAL SECONDS PID_FILE…: asks all at once, waits for them together, then kills what is left and says so.
processes_stop() {
    local signal=$1 seconds=$2 pid_file pid deadline
    shift 2
    for pid_file; do
        if pid=$(process_of "$pid_file"); then
            # A stopped process (SIGSTOP) sees the request only when it goes on.
            kill -s "$signal" "$pid" 2>/dev/null || true
            kill -s CONT "$pid" 2>/dev/null || true
        fi
    done
    deadline=$((SECONDS + seconds))
    for pid_file; do
        while process_runs "$pid_file" && ((SECONDS < deadline)); do sleep 0.05; done
        if pid=$(process_of "$pid_file"); then
            warn "$(basename "${pid_file%.pid}") (pid $pid) did not stop within $seconds s: killing it"
            process_kill "$pid_file" || return 1
        fi
        process_forget "$pid_file"
    done
}

# SIGKILL, and waits until the process is gone.
process_kill() {
    local pid tries
    pid=$(process_of "$1") || return 0
    kill -s KILL "$pid" || fail "process $pid cannot be killed: does it belong to another user?"
    for ((tries = 0; tries < 200; tries++)); do
        process_runs "$1" || return 0
        sleep 0.05
    done
    fail "process $pid is still there 10 s after SIGKILL"
}
