"""Lives of cases from their report to their end, and beside each of them the whole of what the machine said.

The texts in ``told/`` are read by people: what somebody hears, and when and why, is decided there. A change of the
machine that changes one word of one journal shows as a difference in them. ``make stories`` writes them anew.
"""
