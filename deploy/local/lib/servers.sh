# shellcheck shell=bash
# All that starting and stopping private servers takes.
for part in processes ports secrets postgres definitions rabbitmq; do
    # shellcheck source=/dev/null
    source "$LIB/$part.sh"
done
unset part
