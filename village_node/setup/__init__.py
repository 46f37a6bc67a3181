"""Setting a node up in an empty folder: what is asked and checked (plan), how the node is made of it (making), by pages
in a browser (wizard, pages) or of one file with nobody there (unattended)."""

from village_node.setup.making import Kind, Progress, make, progress_of
from village_node.setup.plan import BadPlan
from village_node.setup.wizard import Wizard

__all__ = ["BadPlan", "Kind", "Progress", "Wizard", "make", "progress_of"]
