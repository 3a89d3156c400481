"""The command line: `python -m emulators.functions_host start --app DIR --port N`."""

import sys

from emulators.functions_host.command_line import main

sys.exit(main(sys.argv[1:]))
