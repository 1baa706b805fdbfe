# shellcheck shell=bash
# All that starting and stopping private servers takes.
for part in processes ports secrets postgres rabbitmq; do
    # shellcheck source=/dev/null
    source "$LIB/$part.sh"
done
unset part

# Stops every server below a folder, also those that tests started and left, and deletes the folder.
servers_clean_up() {
    local folder=$1 pid_file
    while IFS= read -r -d '' pid_file; do
        if [[ -e ${pid_file%/pid}/porta.epmd ]]; then rabbitmq_stop "${pid_file%/pid}"; else postgres_stop "${pid_file%/pid}"; fi
    done < <(find "$folder" -name data -prune -o -name mnesia -prune -o -name pid -type f -print0)
    rm -rf "$folder"
}
