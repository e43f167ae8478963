"""The reference issuance server: the town's side of `openapi.yaml`. It knows nothing of the kiosk's code."""
