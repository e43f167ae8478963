"""The assistant's panel on another computer: TLS between its view socket and the core's."""
