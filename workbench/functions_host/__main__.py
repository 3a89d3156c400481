"""The command line: `python -m workbench.functions_host start --app DIR --port N`."""

import sys

from workbench.functions_host.command_line import main

sys.exit(main(sys.argv[1:]))
