"""Linux and Windows scripts that run inside the VM, and the module that reads them."""
