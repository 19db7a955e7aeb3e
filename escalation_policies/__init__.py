"""The judgement: policies as data and the pure state machine. Imports ``events`` only; no clock, no I/O, no chance."""
