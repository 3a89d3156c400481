"""Entry of `python -m workbench.kill_test`."""

import sys

from workbench.kill_test.command_line import main

if __name__ == "__main__":
    sys.exit(main())
