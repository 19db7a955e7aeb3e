"""the outbox knows how urgent a record is, and finds what its reader has passed"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_outbox_pending", table_name="outbox")
    op.add_column("outbox", sa.Column("urgency", sa.Integer(), server_default="0", nullable=False))
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["lane", "urgency", "id"],
        sqlite_where=sa.text("pending = 1"),
        postgresql_where=sa.text("pending"),
    )
    op.create_index(
        "ix_outbox_overtaken",
        "outbox",
        ["key"],
        sqlite_where=sa.text("pending = 1 AND urgency = 1"),
        postgresql_where=sa.text("pending AND urgency = 1"),
    )
    op.create_index(
        "ix_outbox_published",
        "outbox",
        ["topic", "topic_id", "partition", "offset"],
        sqlite_where=sa.text("pending = 0"),
        postgresql_where=sa.text("NOT pending"),
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_published", table_name="outbox")
    op.drop_index("ix_outbox_overtaken", table_name="outbox")
    op.drop_index("ix_outbox_pending", table_name="outbox")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_column("urgency")
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["lane", "id"],
        sqlite_where=sa.text("pending = 1"),
        postgresql_where=sa.text("pending"),
    )
