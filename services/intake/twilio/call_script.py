"""What a call says and asks, as TwiML (https://www.twilio.com/docs/voice/twiml)."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from twilio.twiml.voice_response import Gather, VoiceResponse

from escalation_policies.reachability import round_of_case
from events.notification import NotificationRequested
from services.runtime.spoken.voices import SAID_TIMES, voice_of
from services.runtime.spoken.words import speech

KEY_SECONDS = 6
"""How long a key is waited for after the words have ended."""

ACCEPT: Final = "1"
DECLINE: Final = "2"

PHRASES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "keys": {
            "zh": "确认接手，请按1。无法处理，请按2。",
            "en": "To take it, press 1. If you cannot take it, press 2.",
        },
        "keys_of_a_roll_call": {
            "zh": "无事报零，请按1。有事，请按2。",
            "en": "If nothing happened, press 1. If something did, press 2.",
        },
        "keys_of_a_test": {"zh": "确认收到，请按1。", "en": "To confirm that this reached you, press 1."},
        "tested": {
            "zh": "已收到，消息能送达您。没有发生任何事件。谢谢，再见。",
            "en": "Received: messages reach you. Nothing has happened. Thank you, goodbye.",
        },
        "no_key": {
            "zh": "没有收到按键，此事仍在等您确认。请回复短信，或致电值班员。再见。",
            "en": "No key was pressed, and your answer is still awaited. Reply by message, or telephone the duty "
            "officer. Goodbye.",
        },
        "other_key": {"zh": "没有这个选项。", "en": "That key has no meaning here."},
        "accepted": {
            "zh": "已确认，此事由您负责。请尽快向上级报告。再见。",
            "en": "Acknowledged. You have taken responsibility. Report upward as soon as you can. Goodbye.",
        },
        "accepted_petition": {
            "zh": "已确认，此事由您负责。请在期限内办理。再见。",
            "en": "Acknowledged. You have taken responsibility. Act on it within its time. Goodbye.",
        },
        "declined": {
            "zh": "已记录您无法处理，正在通知替补人员。再见。",
            "en": "Noted that you cannot take it. The stand-in is being told now. Goodbye.",
        },
        "not_yours": {
            "zh": "此事现在不能由您通过电话确认。请致电值班员。再见。",
            "en": "This cannot be answered by you on this telephone now. Telephone the duty officer. Goodbye.",
        },
        "heard": {"zh": "再见。", "en": "Goodbye."},
    }
)
"""What is said besides the message, by language."""

DRILL: Mapping[str, str] = MappingProxyType({"zh": "演练。", "en": "Exercise."})


def opening(request: NotificationRequested, address: str, templates: Path | None = None) -> str:
    """Return what is said to whoever picked up: the message, each time with the question, then goodbye.

    ``address`` is where the key goes; ``templates``, the folder of a site's own.
    """
    said = VoiceResponse()
    for _ in range(SAID_TIMES):
        _ask(said, request, address, speech(request, folder=templates))
    _say(said, request, _phrase(request, "no_key" if request.asks_acknowledgement else "heard"))
    said.hangup()
    return str(said)


def again(request: NotificationRequested, address: str, templates: Path | None = None) -> str:
    """Return what is said after a key that means nothing."""
    said = VoiceResponse()
    _ask(said, request, address, f"{_phrase(request, 'other_key')} {speech(request, folder=templates)}")
    _say(said, request, _phrase(request, "no_key"))
    said.hangup()
    return str(said)


def farewell(request: NotificationRequested, phrase: str) -> str:
    """Return one of the closing phrases, and the end of the call."""
    said = VoiceResponse()
    drill = [DRILL[request.language]] if request.exercise else []
    _say(said, request, " ".join([*drill, _phrase(request, phrase)]))
    said.hangup()
    return str(said)


def farewell_with(request: NotificationRequested, words: str) -> str:
    """Return a sentence about the case, goodbye, and the end of the call."""
    said = VoiceResponse()
    _say(said, request, f"{words} {_phrase(request, 'heard')}")
    said.hangup()
    return str(said)


def silence() -> str:
    """Return the end of the call without a word: for a machine, and for a call that nobody here ordered."""
    said = VoiceResponse()
    said.hangup()
    return str(said)


def _ask(said: VoiceResponse, request: NotificationRequested, address: str, words: str) -> None:
    if not request.asks_acknowledgement:
        _say(said, request, words)
        said.pause(length=1)
        return
    question = Gather(num_digits=1, timeout=KEY_SECONDS, action=address, method="POST")
    _say(question, request, words)
    _say(question, request, _phrase(request, _keys(request)))
    said.append(question)


def _keys(request: NotificationRequested) -> str:
    if request.roll_call is not None:
        return "keys_of_a_roll_call"
    return "keys" if round_of_case(request.case_id) is None else "keys_of_a_test"


def _say(verb: VoiceResponse | Gather, request: NotificationRequested, words: str) -> None:
    verb.say(words, language=voice_of(request.language))


def _phrase(request: NotificationRequested, name: str) -> str:
    return PHRASES[name][request.language]
