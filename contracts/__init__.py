"""The words passed between rooms: requests, results, stages, refusals, ids. Pydantic, frozen."""
