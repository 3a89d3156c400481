"""Entry of `python -m workbench.fault_matrix`."""

import sys

from workbench.fault_matrix.command_line import main

if __name__ == "__main__":
    sys.exit(main())
