#!/bin/sh
# Installs and starts RecStack; everything beyond finding a Python is in native/.
set -eu

usage() {
    cat <<'TEXT'
./setup.sh [--docker | --native] [--no-jupyter]   install, start everything, print where it answers
./setup.sh install [--dev]   only make .venv/ (--dev: with what tests and linters need)
./setup.sh status            what runs, and whether it answers
./setup.sh stop              end everything that ./setup.sh started
./setup.sh reset [--yes]     stop, and drop the data
./setup.sh --help            this

Ports and addresses: .env (made from .env.example). RECSTACK_PYTHON names the Python to use (3.11 to 3.13).
TEXT
}

fail() {
    printf '✗ %s\n' "$1" >&2
    exit "${2:-1}"
}

is_supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${RECSTACK_PYTHON:+"$RECSTACK_PYTHON"} python3.11 python3.12 python3.13 python3 python; do
        if is_supported "$candidate"; then
            command -v "$candidate"
            return
        elif [ "$candidate" = "${RECSTACK_PYTHON:-}" ]; then
            fail "RECSTACK_PYTHON=$candidate is not a Python 3.11, 3.12 or 3.13 that runs: correct or unset it."
        fi
    done
    found=$(python3 --version 2>/dev/null || echo "none")
    fail "RecStack needs Python 3.11, 3.12 or 3.13 (found: $found): install one, or set RECSTACK_PYTHON to where it is."
}

cd -- "$(dirname -- "$0")"
command=up runtime='' install_flags='' flags=''
for argument in "$@"; do
    case $argument in
        -h | --help) usage && exit 0 ;;
        install | status | stop | reset) command=$argument ;;
        --native | --docker) runtime=$argument ;;
        --dev) install_flags=--dev ;;
        --no-jupyter | --yes) flags="$flags $argument" ;;
        *) usage >&2 && fail "Unknown argument: $argument" 2 ;;
    esac
done
if [ "$runtime" = --docker ]; then
    fail "This version has no containers yet: run ./setup.sh --native, which needs no Docker." 2
fi

venv=${RECSTACK_VENV:-.venv}
case $command in
    up | install)
        python=$(find_python)
        "$python" -m native.install $install_flags || exit $?
        [ "$command" = up ] || exit 0
        ;;
    *)
        [ -x "$venv/bin/python" ] || fail "Nothing is installed here: run ./setup.sh first."
        ;;
esac
exec "$venv/bin/python" -m native "$command" $flags
