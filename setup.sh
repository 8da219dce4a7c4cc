#!/bin/sh
# Installs and starts RecStack; everything beyond finding a Python is in native/.
set -eu

usage() {
    cat <<'TEXT'
./setup.sh [--docker | --native]   install, start everything, print where it answers
    --no-jupyter                   leave Jupyter out
    --without SERVICE              leave a container out, such as grafana; may be repeated
./setup.sh env               only make .env
./setup.sh install [--dev | --ncf | --demo]   only make .venv/ (--dev: with what tests and linters need; --ncf: with
                             Keras and JAX, for train --with ncf; --demo: for demo.py)
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
command=up runtime='' install_flags='' flags='' without=''
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) usage && exit 0 ;;
        env | install | status | stop | reset) command=$1 ;;
        --native | --docker) runtime=$1 ;;
        --dev | --ncf | --demo) install_flags=$1 ;;
        --no-jupyter) flags="$flags $1" without="$without jupyter" ;;
        --without) [ $# -gt 1 ] && without="$without $2" runtime=--docker && shift || fail '--without needs the name of a service.' 2 ;;
        --yes) flags="$flags $1" ;;
        *) usage >&2 && fail "Unknown argument: $1" 2 ;;
    esac
    shift
done

has_docker() { docker compose version >/dev/null 2>&1 && docker info >/dev/null 2>&1; }

# Containers where Docker answers; afterwards whatever was started.
wants_containers() {
    case $runtime in
        --docker) return 0 ;;
        --native) return 1 ;;
    esac
    case $command in
        up) has_docker ;;
        install) return 1 ;;
        *) has_docker && sh containers.sh "has_$command" ;;
    esac
}

random_text() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# .env, made once, readable by its owner only, with a random value for each secret that the example leaves empty; an
# older .env is given the secrets that it lacks.
make_environment() {
    umask_before=$(umask)
    umask 077
    if [ ! -e .env ]; then
        while IFS= read -r line; do
            case $line in
                RECSTACK_ADMIN_KEY= | RECSTACK_ERASURE_KEY= | POSTGRES_PASSWORD=) line=$line$(random_text) ;;
                JUPYTER_UID=) [ "$(id -u)" = 0 ] || line=$line$(id -u) ;;
            esac
            printf '%s\n' "$line"
        done <.env.example >.env.new && mv .env.new .env
    fi 2>/dev/null || fail "Cannot write .env here: give this user the folder $PWD."
    umask "$umask_before"
    for name in RECSTACK_ADMIN_KEY RECSTACK_ERASURE_KEY POSTGRES_PASSWORD; do
        grep -q "^$name=" .env || [ ! -w .env ] || printf '%s=%s\n' "$name" "$(random_text)" >>.env
    done
}

venv=${RECSTACK_VENV:-.venv}
case $command in up | env) make_environment ;; esac
[ "$command" != env ] || exit 0
if wants_containers; then
    case $command in up) flags=$without ;; esac
    exec sh containers.sh "$command" $flags
fi
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
