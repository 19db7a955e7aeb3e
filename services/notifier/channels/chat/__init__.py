"""Messages to the chat of a group, through apprise.

Settings: TOCSIN_CHAT_TARGETS
Words: sms.{language}.j2, sms_petition.{language}.j2
Errors: errors.py
Tests: tests/contract/test_channel_chat.py
"""
