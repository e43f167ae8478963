"""What staff do with public money, and the papers about it. Pure: ledger and records in, records and texts out."""
