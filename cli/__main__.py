"""``python -m cli``."""

from __future__ import annotations

from cli.app import app

if __name__ == "__main__":
    app(prog_name="tidewatch")
