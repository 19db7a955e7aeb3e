"""SMS through Twilio.

Settings: TOCSIN_TWILIO_ACCOUNT_SID, TOCSIN_TWILIO_AUTH_TOKEN, TOCSIN_TWILIO_FROM
Words: sms.{language}.j2, sms_petition.{language}.j2
Errors: errors.py
Tests: tests/contract/test_channel_sms.py
"""
