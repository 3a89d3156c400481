"""The storage queues of the app, and the setting with their connection."""

CONNECTION = "AzureWebJobsStorage"
REQUESTS_QUEUE = "image-requests"
REJECTED_QUEUE = "image-requests-rejected"
RESULTS_QUEUE = "image-results"
