"""One effect on Azure each: one file a step, one function a file."""
