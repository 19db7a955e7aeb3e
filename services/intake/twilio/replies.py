"""What is sent back to who answered by SMS: what was understood, in their language, short enough for one message.

A reply says no more of a case than the message that it answers: kind and school, never what is in a petition.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from twilio.twiml.messaging_response import MessagingResponse

from services.intake.answering import Holder
from services.intake.deps import Deps
from services.intake.understood import drill_of, label

MOST_LISTED = 3
"""Cases named when several wait: as many as a person can tell apart on a small screen."""

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "which": {
            "zh": "{drill}有多件事等您确认，请回复其确认码：{cases}。无法处理请加2。",
            "en": "{drill}Several cases wait for you. Reply with the code of one: {cases}. Add 2 to decline.",
        },
        "nothing": {
            "zh": "现在没有等您确认的事。如要确认某件事，请回复其确认码。",
            "en": "Nothing waits for your answer now. To answer for a case, reply with its code.",
        },
        "wrong": {
            "zh": "确认码不对，未作记录。请对照最新短信重发，紧急时请致电值班员。",
            "en": "This code is not known, nothing was stored. Compare it with the newest message; if it is urgent, "
            "telephone the duty officer.",
        },
        "limited": {
            "zh": "错误次数太多，请一分钟后再试。紧急时请致电值班员。",
            "en": "Too many wrong codes: try again in a minute. If it is urgent, telephone the duty officer.",
        },
        "unclear": {
            "zh": "没有看懂，未作记录。确认请回复确认码，只有一件事时可回复1；无法处理请回复2。",
            "en": "Not understood, nothing was stored. To acknowledge, reply with the code, or 1 if only one case "
            "waits; 2 if you cannot take it.",
        },
        "stranger": {
            "zh": "本号码不在通讯录中，未作记录。请致电值班员。",
            "en": "This number is not in the directory, nothing was stored. Telephone the duty officer.",
        },
    }
)
_SEMICOLON: Mapping[str, str] = MappingProxyType({"zh": "；", "en": "; "})


def say(name: str, language: str) -> str:
    """Return one of the replies that are about no case."""
    return _message(WORDS[name][language])


def say_sentence(words: str) -> str:
    """Return what was understood about one case (``services.intake.understood``) as a reply."""
    return _message(words)


def ask_which(deps: Deps, language: str, holders: Sequence[Holder]) -> str:
    """Return the question which of several cases was meant, with their codes."""
    listed = [f"{holder.code} {label(deps, language, holder)}" for holder in holders[:MOST_LISTED]]
    drill = drill_of(language, holders[0]) if all(drill_of(language, holder) for holder in holders) else ""
    return _message(WORDS["which"][language].format(drill=drill, cases=_SEMICOLON[language].join(listed)))


def say_to_stranger() -> str:
    """Return what is said to a number that nobody knows, whose language nobody knows either."""
    return _message(f"{WORDS['stranger']['zh']} {WORDS['stranger']['en']}")


def nothing() -> str:
    """Return no message: Twilio itself answers who opts out or in."""
    return str(MessagingResponse())


def _message(words: str) -> str:
    said = MessagingResponse()
    said.message(words)
    return str(said)
