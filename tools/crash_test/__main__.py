"""Entry of `python -m tools.crash_test`."""

import sys

from tools.crash_test.command_line import main

if __name__ == "__main__":
    sys.exit(main())
