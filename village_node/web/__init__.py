"""The pages every level has: filing, cases, tasks, the resident's query, sign-in, health."""

from village_node.web.pages import add_pages, refuse_undeclared_routes, register
from village_node.web.policy import Policy, Route
from village_node.web.site import SITE, Above, Site, Visit
from village_node.web.told import answer_below

__all__ = [
    "SITE",
    "Above",
    "Policy",
    "Route",
    "Site",
    "Visit",
    "add_pages",
    "answer_below",
    "refuse_undeclared_routes",
    "register",
]
