"""Entry of `python -m emulators.task_hub`."""

import sys

from emulators.task_hub.command_line import main

if __name__ == "__main__":
    sys.exit(main())
