# shellcheck shell=bash
# Python tools of tests and checks, in environments below .local. Nothing that is shipped needs them.

# python_environment FOLDER REQUIREMENTS: an environment in .local/FOLDER that has exactly what the file asks for, every
# package named. It is made when that changes and kept until then.
python_environment() {
    local folder=$LOCAL/$1 requirements=$2 wanted
    packages_install python3 python3-venv
    wanted=$(python3 --version && sha256sum <"$requirements")
    mkdir -p "${folder%/*}"
    exec 8>"$folder.lock"
    flock 8
    if [[ $(cat "$folder/wanted" 2>/dev/null) != "$wanted" ]]; then
        say "Installing the Python packages of ${requirements#"$ROOT/"} (once)"
        rm -rf "$folder"
        python3 -m venv "$folder"
        run_interruptibly "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
            --requirement "$requirements" || fail "the Python packages could not be installed"
        printf '%s\n' "$wanted" >"$folder/wanted"
    fi
    exec 8>&-
}

# Sets PYTHON to an interpreter that has what the programs in Tests/Conformance need.
# shellcheck disable=SC2034 # used by the scripts that read this one
python_tools() {
    python_environment python "$ROOT/Tests/Conformance/requirements.txt"
    PYTHON=$LOCAL/python/bin/python
}
