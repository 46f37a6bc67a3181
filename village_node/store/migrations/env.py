"""Run by Alembic for each upgrade: the migrations go over the connection they are handed, in its transaction."""

from alembic import context

from village_node.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
