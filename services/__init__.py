"""The hands: one folder a service. Services meet on topics and in the store, never by import."""
