"""Hearing other workers on PostgreSQL goes on whatever the one who is told meets; and no error shows people's data."""

import threading

import pytest
from sqlalchemy import bindparam, text
from sqlalchemy.exc import SQLAlchemyError

from tests.postgresql import Cluster
from village_node.store import NotReadable, Store, open_store


@pytest.mark.postgres
def test_a_listener_that_could_not_read_hears_everything_again(cluster: Cluster) -> None:
    store = open_store(cluster.database())
    heard: list[str] = []
    again = threading.Event()

    def unlucky(words: str) -> None:
        heard.append(words)
        if len(heard) == 2:
            raise NotReadable("暂时无法读取", "cannot be read at the moment")
        if len(heard) > 2:
            again.set()

    store.listen(unlucky)
    with store.writing() as connection:
        store.announce(connection, "about:1")
    assert again.wait(10.0), heard
    assert heard == ["*", "about:1", "*"], "what was missed meanwhile is looked up"
    store.close()


def test_the_text_of_an_error_shows_no_parameters(store: Store) -> None:
    wrong = text("SELECT * FROM no_such_table WHERE name = :name").bindparams(bindparam("name", "622825196505060042"))
    for view in (store.reading, store.writing):
        with pytest.raises(SQLAlchemyError) as failed, view() as connection:
            connection.execute(wrong)
        assert "622825196505060042" not in str(failed.value)
