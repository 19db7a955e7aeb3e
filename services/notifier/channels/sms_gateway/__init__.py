"""SMS through a gateway that takes an approved template and its parameters.

Settings: TOCSIN_SMS_GATEWAY, TOCSIN_SMS_GATEWAY_ACCESS_KEY, TOCSIN_SMS_GATEWAY_SECRET
Words: deploy/sample/sms-gateway.yaml
Errors: errors.py
Tests: tests/contract/test_channel_sms_gateway.py
"""
