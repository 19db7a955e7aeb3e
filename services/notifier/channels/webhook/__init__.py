"""Messages to programs: a signed CloudEvent over https.

Settings: TOCSIN_WEBHOOK_KEY
Words: sms.{language}.j2, sms_petition.{language}.j2
Errors: errors.py
Tests: tests/contract/test_channel_webhook.py
"""
