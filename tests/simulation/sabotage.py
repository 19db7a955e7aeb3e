"""Ways to break the store on purpose, statement by statement: what a simulation does not find here, it cannot see."""

from itertools import count

from tests.simulation.memory import Sabotage


def loses_one_in(every: int, beginning: str) -> Sabotage:
    """Lose one in so many of the statements that begin like this."""
    writes = count(1)

    def lose(statement: str) -> str | None:
        lost = statement.startswith(beginning) and next(writes) % every == 0
        return None if lost else statement

    return lose


def forgets_the_inbox() -> Sabotage:
    """Never remember an event as handled."""

    def forget(statement: str) -> str | None:
        return None if statement.startswith("INSERT INTO inbox") else statement

    return forget


def loses_deadlines() -> Sabotage:
    """Find no deadline when a partition is loaded: only those put since are known to whoever claimed it."""

    def blind(statement: str) -> str | None:
        wanted = "WHERE cases.partition = ? AND cases.next_due_at < ?"
        return statement.replace(wanted, f"{wanted} AND 1 = 0") if wanted in statement else statement

    return blind


def claims_without_fence() -> Sabotage:
    """Leave the epoch as it is when a partition is claimed: whoever had it before goes on writing."""

    def open_the_gate(statement: str) -> str | None:
        return statement.replace("epoch = (ownership.epoch + ?)", "epoch = (ownership.epoch + 0 * ?)")

    return open_the_gate
