"""For migrations that add columns to the rows of cases: which cases have to be folded again to fill them."""

from alembic import op


def fold_again(condition: str = "1 = 1") -> None:
    """Name the cases whose rows meet a condition, given in SQL. The next program to start folds them in slices, while
    people work; until then what it adds is empty in their rows, and pages say so."""
    op.execute(
        "INSERT INTO to_fold (scope, case_id)"  # noqa: S608 - the words are those of a script
        f" SELECT scope, case_id FROM cases WHERE {condition} ON CONFLICT DO NOTHING"
    )
