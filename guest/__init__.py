"""What runs inside the machine: Linux and Windows scripts, and the loader that reads them."""
