"""The journal as the source of everything: a database rebuilt from the bus, and one held against its own journal."""
