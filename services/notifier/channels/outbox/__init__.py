"""A local file and the log, where whatever has no settings stays, so that a trial shows what would be sent.

Settings: none: it serves every kind of contact that nothing else is set for
Words: those of the kind of contact it stands in for
Errors: none of its own: what the disk refuses is tried later
Tests: tests/contract/test_channel_choice.py
"""
