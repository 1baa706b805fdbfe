# shellcheck shell=bash
# The Python tools that tests run against the services. Nothing that is shipped needs them.

# Sets PYTHON to the interpreter of an environment below .local that has exactly what Tests/Conformance asks for. It is
# made when that changes and kept until then.
python_tools() {
    local requirements=$ROOT/Tests/Conformance/requirements.txt folder=$LOCAL/python wanted
    packages_install python3 python3-venv
    wanted=$(python3 --version && sha256sum <"$requirements")
    PYTHON=$folder/bin/python
    exec 8>"$LOCAL/python.lock"
    flock 8
    if [[ $(cat "$folder/wanted" 2>/dev/null) != "$wanted" ]]; then
        say "Installing the Python tools of the tests (once)"
        rm -rf "$folder"
        python3 -m venv "$folder"
        run_interruptibly "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
            --requirement "$requirements" || fail "the Python tools could not be installed"
        printf '%s\n' "$wanted" >"$folder/wanted"
    fi
    exec 8>&-
}
