"""The daily zero report: when schools are asked, who is chased, and what the day's sheet says. Pure, like its sibling.

Theory of operation
-------------------
A *roll call* is one bureau's, on one date, of one name. What is expected of whom follows from the schedule, which is
data, and from the directory as it is when a step is taken. Each school keeps a *school day*: every answer it gave, its
excuses, the cases that speak against it. Whether an answer was late or a school is missing is never stored as a
verdict: it is judged from the times of the facts and the cut-off that holds, so a cut-off that is moved, or an answer
that is carried late, puts the record right by itself.
"""
