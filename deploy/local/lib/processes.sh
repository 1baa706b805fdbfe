# shellcheck shell=bash
# Processes known by pid files. A pid is reused after a crash or a reboot, so FILE.ident beside each pid file holds the boot's
# id and the process's start time, which identify it.

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
    local pid
    [[ -s $1 && -s $1.ident ]] || return 1
    pid=$(<"$1")
    [[ $(process_identity "$pid") == "$(<"$1.ident")" ]] || return 1
    printf '%s\n' "$pid"
}

process_runs() { process_of "$1" >/dev/null; }

# process_record PID_FILE PID
process_record() { process_identity "$2" >"$1.ident" && printf '%s\n' "$2" >"$1"; }
process_forget() { rm -f "$1" "$1.ident"; }

# process_start PID_FILE LOG COMMAND…: starts a command in a session of its own, so that Ctrl-C reaches only the script. The
# child writes the pid file before it becomes the command (exec keeps pid and start time): no process runs unrecorded, even
# if this script is killed here. Background commands of a script ignore SIGINT, hence env.
process_start() {
    local pid_file=$1 log=$2
    shift 2
    process_forget "$pid_file"
    trim_log "$log"
    (
        exec </dev/null >>"$log" 2>&1 9<&-
        process_record "$pid_file" "$BASHPID"
        exec setsid env --default-signal=INT,QUIT "$@"
    ) &
    while [[ ! -s $pid_file ]] && kill -0 $! 2>/dev/null; do sleep 0.02; done
    # The shell would report its end.
    disown $! 2>/dev/null || true
}

# Keeps one older generation of a log that is over 64 MiB.
trim_log() {
    if [[ -f $1 ]] && (($(stat -c %s "$1") > 64 * 1024 * 1024)); then mv -f "$1" "$1.1"; fi
}

# processes_stop SIGNAL SECONDS PID_FILE…: signals all, waits for them together, then kills those that are left.
processes_stop() {
    local signal=$1 deadline=$((SECONDS + $2)) seconds=$2 pid_file pid
    shift 2
    for pid_file; do
        # A stopped process (SIGSTOP) acts on the signal when it continues.
        if pid=$(process_of "$pid_file"); then kill -s "$signal" "$pid" && kill -s CONT "$pid"; fi 2>/dev/null || true
    done
    for pid_file; do
        if ! eventually $((deadline - SECONDS)) not process_runs "$pid_file"; then
            warn "$(basename "${pid_file%.pid}") (pid $(<"$pid_file")) did not stop within $seconds s: killing it"
        fi
        process_kill "$pid_file"
    done
}

# Sends SIGKILL to a process if it runs, waits for its end and forgets it.
process_kill() {
    local pid
    if pid=$(process_of "$1"); then
        kill -s KILL "$pid" || fail "process $pid cannot be killed: does it belong to another user?"
        eventually 10 not process_runs "$1" || fail "process $pid is still there 10 s after SIGKILL"
    fi
    process_forget "$1"
}
