"""petitions, what is sealed of them, the audit of its readings, and reports that join a case"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.add_column(sa.Column("hidden_from", sa.Text(), server_default="[]", nullable=False))

    op.create_table(
        "joined_reports",
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("report_id"),
    )
    with op.batch_alter_table("joined_reports", schema=None) as batch_op:
        batch_op.create_index("ix_joined_reports_case", ["case_id"], unique=False)

    op.create_table(
        "open_events",
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "kind", "exercise"),
        comment="the newest case of a school and kind that further reports may join; its key lets only one of two open",
    )
    op.create_table(
        "petitions",
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("content_mac", sa.Text(), nullable=False),
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("report_id"),
        comment="petitions as their holders know them; apart from reports, so that no list of reports can show one",
    )
    with op.batch_alter_table("petitions", schema=None) as batch_op:
        batch_op.create_index("ix_petitions_case", ["case_id"], unique=True)
        batch_op.create_index("ix_petitions_receipt", ["receipt"], unique=False)

    op.create_table(
        "sealed_identities",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id"),
        comment="who petitioned, and what they told: encrypted, each reading audited, never searched",
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index("ix_audit_case", ["case_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_case")

    op.drop_table("audit")
    op.drop_table("sealed_identities")
    with op.batch_alter_table("petitions", schema=None) as batch_op:
        batch_op.drop_index("ix_petitions_receipt")
        batch_op.drop_index("ix_petitions_case")

    op.drop_table("petitions")
    op.drop_table("open_events")
    with op.batch_alter_table("joined_reports", schema=None) as batch_op:
        batch_op.drop_index("ix_joined_reports_case")

    op.drop_table("joined_reports")
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.drop_column("hidden_from")
