"""The language: what can happen. pydantic only, no I/O, imports nothing of ours."""
