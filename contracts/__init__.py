"""The data types that the packages share: requests, results, stages, refusals, ids. Frozen pydantic models."""
