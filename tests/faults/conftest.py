"""The fault tests use the end-to-end fixtures."""

from tests.e2e.conftest import database_url, kafka, make_stack, postgres_cluster, slow_ports

__all__ = ["database_url", "kafka", "make_stack", "postgres_cluster", "slow_ports"]
