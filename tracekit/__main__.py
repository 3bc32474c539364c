"""``python -m tracekit``: the command line."""

from tracekit.cli import run

if __name__ == "__main__":
    run()
