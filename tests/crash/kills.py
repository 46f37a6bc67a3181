"""Kills, to come."""


def run(count, seed, say):
    return {"wrong": []}
