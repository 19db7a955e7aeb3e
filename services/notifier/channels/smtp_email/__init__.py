"""Email through one mail server.

Settings: TOCSIN_SMTP_HOST
Words: email.{language}.j2, email.text.j2, email.html.j2
Errors: errors.py
Tests: tests/contract/test_channel_email.py
"""
