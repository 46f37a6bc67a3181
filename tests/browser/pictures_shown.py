"""Which pictures the READMEs show, in this order, and how large one may be."""

PICTURES = (
    "village-work", "filing-step", "side-by-side", "county-decision", "overview", "resident-answer", "wall",
)  # fmt: skip
LARGEST = 200_000  # bytes of one
