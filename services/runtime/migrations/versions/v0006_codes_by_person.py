"""which cases wait for somebody: codes found by the person who holds them"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_codes_person", "codes", ["person_id"])


def downgrade() -> None:
    op.drop_index("ix_codes_person", table_name="codes")
