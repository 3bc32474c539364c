#!/bin/sh
# Set up a virtual environment beside the sources, and run every check on it.
set -eu
cd "$(dirname "$0")"
[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/pip install -q --disable-pip-version-check -e '.[test]'
PATH="$PWD/.venv/bin:$PATH"
export PATH
run() { printf '\n+ %s\n' "$*"; "$@"; }
run ruff check tracekit tests setup.py
run mypy --strict tracekit
run pytest -q -n 2 "$@"
