"""who was asked whether messages reach them, and who answered"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reachability",
        sa.Column("round_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("contacts", sa.Integer(), nullable=False),
        sa.Column("reached_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("round_id", "person_id"),
        comment="who was asked whether messages reach them, and who answered",
    )
    with op.batch_alter_table("reachability", schema=None) as batch_op:
        batch_op.create_index("ix_reachability_person", ["person_id", "asked_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("reachability", schema=None) as batch_op:
        batch_op.drop_index("ix_reachability_person")
    op.drop_table("reachability")
