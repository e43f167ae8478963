"""Code payments: codes read from a camera's picture, codes to show, and the gateway that confirms them."""
