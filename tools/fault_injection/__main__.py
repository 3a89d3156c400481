"""Entry of `python -m tools.fault_injection`."""

import sys

from tools.fault_injection.command_line import main

if __name__ == "__main__":
    sys.exit(main())
