"""`python -m tools.real_engine`: the app on the real Durable extension; exit 0 only if every check passed."""

import sys

from tools.real_engine.command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
