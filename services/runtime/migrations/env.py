"""Alembic's entry: runs the migrations on the connection handed in by ``Database.migrate``."""

from alembic import context

from services.runtime.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
