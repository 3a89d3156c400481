"""For us who build: host, simulator and demo; never shipped."""
