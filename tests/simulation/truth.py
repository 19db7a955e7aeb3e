"""What is said when a run has broken a promise."""


class Broken(Exception):
    """A promise was broken."""
