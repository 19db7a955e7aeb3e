"""roll calls: who was asked, who answered, and how far each partition has come in chasing its schools"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "roll_calls",
        sa.Column("roll_call_id", sa.Text(), primary_key=True),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("bureau_id", sa.Text(), nullable=False),
        sa.Column("date", sa.Text(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.BigInteger(), nullable=False),
        sa.Column("cut_off", sa.BigInteger(), nullable=False),
        sa.Column("closes_at", sa.BigInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
    )
    op.create_index("ix_roll_calls_bureau", "roll_calls", ["bureau_id", "date"])
    op.create_index(
        "ix_roll_calls_open",
        "roll_calls",
        ["roll_call_id", "changes"],
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_table(
        "roll_call_parts",
        sa.Column("roll_call_id", sa.Text(), primary_key=True),
        sa.Column("partition", sa.Integer(), primary_key=True),
        sa.Column("taken", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=True),
        comment="how far each partition's owner has come in chasing its own schools",
    )
    op.create_table(
        "school_days",
        sa.Column("roll_call_id", sa.Text(), primary_key=True),
        sa.Column("school_id", sa.Text(), primary_key=True),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("date", sa.Text(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("contradicted", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        comment="one school in one roll call; one that has said nothing, and that nobody was told of, has no row",
    )
    op.create_index("ix_school_days_school", "school_days", ["school_id", "date"])


def downgrade() -> None:
    op.drop_table("school_days")
    op.drop_table("roll_call_parts")
    op.drop_table("roll_calls")
