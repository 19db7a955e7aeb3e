"""Whose voice says it, and how often: by Twilio's names for languages, whose default voice is taken.

Source: https://www.twilio.com/docs/voice/twiml/say#attributes-language.
"""

SAID_TIMES = 2
"""Whoever is woken hears the second half of the first."""


def voice_of(language: str) -> str:
    """Return the locale in which words of a language are said."""
    return {"zh": "zh-CN", "en": "en-US"}[language]
