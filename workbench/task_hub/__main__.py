"""Entry of `python -m workbench.task_hub`."""

import sys

from workbench.task_hub.command_line import main

if __name__ == "__main__":
    sys.exit(main())
