#!/bin/sh
# The containers' side of setup.sh: up, status, stop, reset, running. Needs a shell and Docker, nothing else.
set -eu
cd -- "$(dirname -- "$0")"
log=.recstack/logs/compose.log
needed_kb=6000000
limit_seconds=1800

fail() {
    printf '✗ %s\n' "$1" >&2
    exit "${2:-1}"
}

# Engines before 25 (API 1.44) are given another interval, for plain `docker compose` too: by .env.
choose_files() {
    version=$(docker version --format '{{.Server.APIVersion}}')
    [ "$(printf '%s\n' 1.44 "$version" | sort -t. -k1,1n -k2,2n | head -n 1)" != 1.44 ] || return 0
    [ -z "$(setting COMPOSE_FILE)" ] || return 0
    export COMPOSE_FILE=docker-compose.yml:docker-compose.old-engine.yml
    [ ! -w .env ] || printf '\n# This engine is older than 25.\nCOMPOSE_FILE=%s\n' "$COMPOSE_FILE" >>.env
}

compose() {
    if [ -n "$(setting RECSTACK_TRAFFIC_RATE)" ]; then set -- --profile traffic "$@"; fi
    docker compose "$@"
}

# The value of a variable, from the environment or .env, as compose sees it.
setting() {
    value=$(printenv "$1" || true)
    [ -n "$value" ] || value=$(sed -n "s/^$1=//p" .env 2>/dev/null | tail -n 1 | tr -d "\"'")
    printf '%s' "${value:-${2:-}}"
}

port_variables() { sed -n 's/.*"127\.0\.0\.1:\${\([A-Z_]*\):-\([0-9]*\)}.*/\1 \2/p' docker-compose.yml; }

# Every service, also where .env is gone: nothing is created.
existing() { POSTGRES_PASSWORD=unused RECSTACK_ADMIN_KEY=unused RECSTACK_ERASURE_KEY=unused docker compose --profile '*' "$@"; }

running() { [ -n "$(existing ps --quiet 2>/dev/null)" ]; }

project() { setting COMPOSE_PROJECT_NAME recstack; }

# Folders whose containers bear our project's name.
owners() {
    docker ps --all --filter "label=com.docker.compose.project=$(project)" \
        --format '{{.Label "com.docker.compose.project.working_dir"}}' | sort -u
}

# Whether there is something of this folder to show, stop or drop; setup.sh asks.
has_status() { running && owners | grep -qxF -- "$PWD"; }
has_stop() { owners | grep -qxF -- "$PWD"; }
has_reset() {
    has_stop || {
        [ ! -e .recstack/postgres ] &&
            [ -n "$(docker volume ls --quiet --filter "label=com.docker.compose.project=$(project)")" ]
    }
}

check_owner() {
    other=$(owners | grep -vxF -- "$PWD" | head -n 1)
    [ -z "$other" ] || fail "The containers of $other bear the name $(project): stop those, or set COMPOSE_PROJECT_NAME in .env to another name."
}

# --- before anything is started

check_engine() {
    docker compose version >/dev/null 2>&1 || fail 'Docker Compose is missing: install the compose plugin, or run ./setup.sh --native, which needs no Docker.'
    docker info >/dev/null 2>&1 || fail 'The Docker engine does not answer: start it (systemctl start docker, or Docker Desktop), or let this user use it (group docker).'
    choose_files
}

check_disk() {
    folder=$(docker info --format '{{.DockerRootDir}}')
    [ -d "$folder" ] || folder=.
    free_kb=$(df -Pk "$folder" | awk 'NR == 2 {print $4}')
    [ "$free_kb" -ge "$needed_kb" ] || fail "The disk is nearly full: $((free_kb / 1024)) MB are free below $folder, images and data need $((needed_kb / 1024)); make room (docker system df shows what Docker holds)."
}

check_settings() {
    [ -r .env ] || fail ".env cannot be read: give this user the file, or remove it and run ./setup.sh again."
    if wrong=$(grep -nvE '^[[:space:]]*(#.*)?$|^[A-Za-z_][A-Za-z0-9_]*=' .env); then
        fail ".env, line ${wrong%%:*}, is no NAME=value: correct it."
    fi
    taken=''
    while read -r name default; do
        port=$(setting "$name" "$default")
        case $port in
            '' | *[!0-9]* | ??????*) fail "$name=$port in .env is no port: write a number from 1 to 65535." ;;
        esac
        if [ "$port" -lt 1 ] || [ "$port" -gt 65535 ]; then fail "$name=$port in .env is no port: write a number from 1 to 65535."; fi
        case " $taken " in *" $port "*) fail "Two services want port $port: give $name another one in .env." ;; esac
        taken="$taken $port"
    done <<LIST
$(port_variables)
LIST
    for name in POSTGRES_PASSWORD RECSTACK_ADMIN_KEY RECSTACK_ERASURE_KEY; do
        case $(setting "$name") in
            '') fail "$name is missing in .env: set it to a long text of letters and digits." ;;
            *[!A-Za-z0-9_.~-]*) fail "$name in .env has a character that an address cannot hold: use letters, digits, - and _." ;;
        esac
    done
}

check_fit() {
    problem=$(docker compose config --quiet 2>&1) || fail "docker-compose.yml and .env do not fit: $(printf '%s' "$problem" | tail -n 1)"
}

# --- what went wrong, in one sentence

explain() {
    if port=$(grep -oE '(Bind for|listen tcp4?) [0-9.]+:[0-9]+' "$log" | tail -n 1 | grep -oE '[0-9]+$'); then
        fail "Port $port is taken: end the program that has it, or set $(variable_of "$port") in .env to a free port."
    fi
    if image=$(grep -oE 'Get "https?://[^"]+": .*' "$log" | tail -n 1) && [ -n "$image" ]; then
        fail "An image could not be pulled: check the network (or Docker's proxy and mirror settings), or leave the service out with --without; the engine said: $image"
    fi
    words=$(cat "$log" && compose logs --no-log-prefix --tail 40 postgres migrate 2>/dev/null || true)
    case $words in
        *'incompatible with server'* | *'PostgreSQL data in'* | *'initialized by PostgreSQL version'*)
            fail "The volume postgres-data comes from another major version of PostgreSQL: restore a dump of it into a new volume, or drop all data with ./setup.sh reset." ;;
        *'password authentication failed'*)
            fail "POSTGRES_PASSWORD in .env is not the one that the volume postgres-data was made with: put that one back, or drop all data with ./setup.sh reset." ;;
        *[Nn]'o space left on device'*)
            fail 'The disk is full: make room (docker system df shows what Docker holds), then run ./setup.sh again.' ;;
    esac
    compose ps --all --format '{{.Service}} {{.State}} {{.Health}} {{.ExitCode}}' >"$log.state" 2>/dev/null || true
    culprit=$(awk '($2 == "exited" && $NF != 0) || $3 == "unhealthy" || $2 == "restarting" {print $1; exit}' "$log.state")
    if training_failed; then culprit=model-trainer; fi
    [ -z "$culprit" ] || compose logs --no-log-prefix --tail 6 "$culprit" 2>/dev/null | tr -d '\033' | sed 's/\[2K//g; s/^/    /' >&2 || true
    fail "The containers did not start${culprit:+: $culprit failed, its last words stand above}; everything that was said is in $log."
}

variable_of() {
    found=''
    while read -r name default; do
        [ "$(setting "$name" "$default")" != "$1" ] || found=$name
    done <<LIST
$(port_variables)
LIST
    printf '%s' "${found:-its variable}"
}

# --- the start, a line a step

seconds() { printf '%s s' "$(($(date +%s) - $1))"; }

undo() {
    trap '' INT TERM HUP
    [ -z "${waiter:-}" ] || kill "$waiter" 2>/dev/null || true
    [ "$was_running" = yes ] || existing down --timeout 20 >>"$log" 2>&1 || true
}

interrupted() {
    printf '\nStopping what was started …\n'
    undo
    echo 'Stopped; nothing is left running.'
    exit 130
}

build() {
    began=$(date +%s)
    printf '  … images\n'
    compose build >"$log" 2>&1 || { undo; explain; }
    printf '  ✓ images  %s\n' "$(seconds "$began")"
}

# A line for each service that began, came up or ended since the last look.
say_news() {
    while IFS='|' read -r service state health code; do
        case $state:$health:$code in
            running:healthy:*) line="✓ $service" ;;
            running:* | restarting:*) line="… $service" ;;
            exited:*:0) line="✓ $service" ;;
            exited:*) line="✗ $service (ended with $code)" ;;
            *) continue ;;
        esac
        case $said in *"|$line|"*) continue ;; esac
        said="$said|$line|"
        case $line in '…'*) printf '  %s\n' "$line" ;; *) printf '  %s  %s\n' "$line" "$(seconds "$began")" ;; esac
    done <<LIST
$(compose ps --all --format '{{.Service}}|{{.State}}|{{.Health}}|{{.ExitCode}}' 2>/dev/null)
LIST
}

# The services to start: all but those named.
services_without() {
    for name in "$@"; do
        docker compose config --services | grep -qx -- "$name" || fail "There is no service $name: docker compose config --services lists them." 2
    done
    compose config --services | while read -r service; do
        case " $* " in *" $service "*) ;; *) printf '%s ' "$service" ;; esac
    done
}

# Nothing can be served before a training succeeds: whether the last one did not.
training_failed() {
    case $said in *'|✓ recommendation-api|'*) return 1 ;; *'|✓ model-trainer|'*) ;; *) return 1 ;; esac
    compose logs --no-log-prefix --tail 3 model-trainer 2>/dev/null | grep -qE 'outcome.{1,4}(failed|refused)'
}

up() {
    check_settings
    check_engine
    check_fit
    check_owner
    check_disk
    mkdir -p .recstack/logs 2>/dev/null || fail "Cannot write to .recstack here: give this user the folder."
    was_running=no
    ! running || was_running=yes
    trap interrupted INT TERM HUP
    wanted=$(services_without "$@")
    build
    began=$(date +%s)
    said=''
    compose up --detach --wait --wait-timeout "$limit_seconds" --no-build $wanted >>"$log" 2>&1 &
    waiter=$!
    while kill -0 "$waiter" 2>/dev/null; do
        say_news
        if training_failed; then kill "$waiter"; fi
        sleep 1
    done
    wait "$waiter" || status=$?
    waiter=''
    say_news
    if [ "${status:-0}" != 0 ]; then
        trap '' INT TERM HUP
        (explain) || status=$?
        undo
        exit "$status"
    fi
    trap - INT TERM HUP
    printf '\nRecStack is up after %s.\n' "$(seconds "$began")"
    table
    warn
    printf 'Next: python3 demo.py · ./setup.sh status · ./setup.sh stop · docker compose logs -f SERVICE\n'
}

# --- what runs where

row() {
    case " $services " in *" $1 "*) ;; *) return 0 ;; esac
    case $(awk -v service="$1" '$1 == service {print $2, $3}' "$log.state") in
        'running healthy') printf '  ✓ %-20s %s\n' "$1" "$2" ;;
        running*) printf '  … %-20s %s  (is loading)\n' "$1" "$2" && silent=yes ;;
        *) printf '  ✗ %-20s %s  (does not run)\n' "$1" "$2" && silent=yes ;;
    esac
}

table() {
    compose ps --all --format '{{.Service}} {{.State}} {{.Health}}' >"$log.state" 2>/dev/null
    services=$(awk '{print $1}' "$log.state" | tr '\n' ' ')
    silent=no
    row recommendation-api "http://127.0.0.1:$(setting API_PORT 8000)/docs"
    row grafana "http://127.0.0.1:$(setting GRAFANA_PORT 3000)   $(setting GRAFANA_USER admin) / $(setting GRAFANA_PASSWORD recsys123)"
    row prometheus "http://127.0.0.1:$(setting PROMETHEUS_PORT 9090)"
    row mlflow "http://127.0.0.1:$(setting MLFLOW_PORT 5000)"
    row jupyter "http://127.0.0.1:$(setting JUPYTER_PORT 8888)/lab?token=$(setting JUPYTER_TOKEN recsys123)"
    row elasticsearch "http://127.0.0.1:$(setting ELASTICSEARCH_PORT 9200)"
    row postgres "127.0.0.1:$(setting POSTGRES_PORT 5432), database and user recstack, password in .env"
    row redis "redis://127.0.0.1:$(setting REDIS_PORT 6379)/0"
    row model-trainer "http://127.0.0.1:$(setting TRAINER_METRICS_PORT 8002)/metrics"
    row postgres-exporter 'read by Prometheus'
    row redis-exporter 'read by Prometheus'
}

warn() {
    if [ "$(setting GRAFANA_PASSWORD recsys123)" = recsys123 ] || [ "$(setting JUPYTER_TOKEN recsys123)" = recsys123 ]; then
        printf 'Note: Grafana or Jupyter has the well-known password recsys123; change it in .env before anybody else can reach this machine.\n'
    fi
}

status() {
    check_engine
    running || { echo 'RecStack is not running; ./setup.sh starts it.' && exit 3; }
    mkdir -p .recstack/logs
    table
    [ "$silent" = no ]
}

stop() {
    check_engine
    began=$(date +%s)
    existing down "$@" >/dev/null 2>&1 || fail 'Not everything could be stopped: look at docker compose ps.'
    printf 'Everything is stopped (%s).\n' "$(seconds "$began")"
}

reset() {
    if [ "${1:-}" != --yes ] && [ -t 0 ]; then
        printf 'Drop the database, the releases and everything that MLflow and Grafana hold? [y/N] '
        read -r answer
        case $answer in [yY]*) ;; *) exit 1 ;; esac
    fi
    stop --volumes
    echo 'The data is gone; ./setup.sh makes it anew.'
}

command=$1
shift
"$command" "$@"
