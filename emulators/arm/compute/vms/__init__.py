"""Virtual machines: their PUT, their power, their views."""
