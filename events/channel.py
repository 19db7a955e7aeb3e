"""The ways to reach people, by the name that policies, contacts and delivery records use.

An address is an E.164 number for ``sms`` and ``voice``, an addr-spec (RFC 5322) for ``email``, an https address for
``webhook``, and for ``chat`` the name of a target whose secret address only the notifier's settings have.
"""

from typing import Literal

Channel = Literal["sms", "email", "voice", "webhook", "chat"]
CHANNELS: tuple[Channel, ...] = ("sms", "email", "voice", "webhook", "chat")
