"""What others may build against, written down: AsyncAPI, OpenAPI and JSON Schemas, all made from the code.

``files`` writes and checks them; the rest builds one document each, as plain JSON values.
"""

from services.cli.contracts.files import FOLDER, stale_contracts, write_contracts

__all__ = ["FOLDER", "stale_contracts", "write_contracts"]
