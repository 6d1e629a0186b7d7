#!/bin/sh
# Make or update the virtual environment .venv and install this repository into it, editable.
#
#   tools/install.sh run    what `drawdown` needs to run, and the NetSuite sandbox
#   tools/install.sh dev    that, and what tests and checks need
#
# PYTHON names the interpreter (3.11 or later). Versions are those of constraints.txt, or of the
# file that CONSTRAINTS names.
set -eu
cd "$(dirname "$0")/.."

kind=${1:?run or dev}
python=${PYTHON:-python3}
venv=.venv

# Two installs into one environment at the same time would break it.
if [ -z "${DRAWDOWN_INSTALL_LOCKED:-}" ] && command -v flock >/dev/null 2>&1; then
    DRAWDOWN_INSTALL_LOCKED=1 exec flock .venv.lock "$0" "$@"
fi

say() { printf '%s\n' "$*"; }
fail() { say "$@" >&2; exit 1; }

command -v "$python" >/dev/null 2>&1 ||
    fail "No '$python' here. Install Python 3.11 or later, or name it: make PYTHON=/path/to/python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old: Python 3.11 or later is needed. Name one: make PYTHON=/path/to/python3"

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        # Debian and Ubuntu ship Python without the part that makes environments.
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        hint="$python cannot make virtual environments: the package $package is missing.
Install it and try again:  sudo apt-get install $package"
        [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || fail "$hint"
        say "Installing the Debian package $package ..."
        { apt-get install -y -qq "$package" || { apt-get update -qq && apt-get install -y -qq "$package"; }; } \
            >/dev/null 2>&1 || fail "$hint"
    fi
    say "Making the virtual environment $venv with $("$python" --version) ..."
    "$python" -m venv --clear "$venv"
fi

extra=
[ "$kind" = dev ] && extra="[dev]"
set -- -e ".$extra"
what="drawdown$extra"
if [ -f sandbox/pyproject.toml ]; then
    set -- "$@" -e ./sandbox
    what="$what and netsuite_sandbox"
fi
say "Installing $what into $venv (about a minute) ..."
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c "${CONSTRAINTS:-constraints.txt}" "$@"
touch "$venv/.installed-$kind"
