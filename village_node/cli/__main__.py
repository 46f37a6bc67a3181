"""A village node's commands, as `python -m village_node.cli`."""

from village_node.cli import main

raise SystemExit(main())
