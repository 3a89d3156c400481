"""The entities: leases, the idempotency record of a requestId, the approval record of a request."""
