"""Calls through Twilio, answered by a key.

Settings: TOCSIN_TWILIO_VOICE_FROM
Words: call.{language}.j2
Errors: none of its own: Twilio has one table of codes for messages and calls, see twilio_sms
Tests: tests/contract/test_channel_voice.py
"""
