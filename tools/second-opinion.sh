#!/bin/sh
# Get a program, not ours, that adds up our books again: hledger, or else beancount.
#
# hledger comes from the system; as root on Debian it is installed. Everywhere else beancount
# comes from PyPI into .venv. Without either the demo still runs and says what is missing.
set -u
cd "$(dirname "$0")/.."

command -v hledger >/dev/null 2>&1 && exit 0
[ -x .venv/bin/bean-check ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing the Debian package hledger, which adds up our books a second time ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y -qq --no-install-recommends hledger >/dev/null 2>&1 && exit 0
    apt-get update -qq >/dev/null 2>&1
    apt-get install -y -qq --no-install-recommends hledger >/dev/null 2>&1 && exit 0
    echo "That did not work; taking beancount from PyPI instead ..."
else
    echo "No hledger here (Debian: sudo apt-get install hledger); taking beancount from PyPI ..."
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt beancount ||
    echo "Neither hledger nor beancount could be installed: the demo runs without a second opinion." >&2
exit 0
