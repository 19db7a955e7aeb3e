"""TwiML as Twilio would carry it out: what is said, in which language, where a key goes, what is sent back."""

from dataclasses import dataclass
from xml.etree.ElementTree import fromstring

VERBS = {"Response", "Say", "Pause", "Gather", "Hangup", "Message"}


@dataclass(frozen=True)
class Script:
    """One TwiML document, read. ``keys_go_to`` is the address of the first Gather."""

    said: list[str]
    languages: set[str]
    keys_go_to: str | None
    hangs_up: bool
    messages: list[str]

    @property
    def words(self) -> str:
        """Return everything that is said."""
        return " ".join(self.said)


def read_twiml(text: str) -> Script:
    """Return the script. AssertionError for what Twilio would refuse as an invalid document (error 12100)."""
    root = fromstring(text)
    tags = [element.tag for element in root.iter()]
    assert root.tag == "Response", text
    assert set(tags) <= VERBS, text
    gathers = list(root.iter("Gather"))
    assert all(element.get("numDigits") == "1" and element.get("method") == "POST" for element in gathers), text
    says = list(root.iter("Say"))
    assert all(element.text for element in says), text
    return Script(
        said=[element.text or "" for element in says],
        languages={element.get("language", "") for element in says},
        keys_go_to=gathers[0].get("action") if gathers else None,
        hangs_up="Hangup" in tags,
        messages=[element.text or "" for element in root.iter("Message")],
    )
