"""What is said of a message that a chat did not take.

There is no table: apprise answers yes or no. No is a wrong key as well as an answer that was lost, so it is *unknown*:
sent again, and after the last try the person's next channel. What it says in its log has addresses in it, which are
secret, and is not read (ADR 0013).
"""

from typing import Final

NOT_KNOWN: Final = "there is no chat of this name: add it to the file TOCSIN_CHAT_TARGETS, or correct the directory"
NOT_TAKEN: Final = "the chat did not take it, or did not answer: check its address in the file TOCSIN_CHAT_TARGETS"
