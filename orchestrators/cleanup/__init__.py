"""The orchestration of a cleanup: deletes what ended runs left, deallocates VMs that they left stopped."""
