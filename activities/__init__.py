"""The activities: each makes one kind of call to Azure. One activity a file, one function a file."""
