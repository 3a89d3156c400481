"""Azure Policy: assignments that refuse requests, change tags or install extensions, and what they would refuse."""
