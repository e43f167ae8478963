"""The certificate printer, spoken to directly by IPP."""
