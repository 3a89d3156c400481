"""The agents that policies of Microsoft install on VMs, and whose removal is known to uninstall them."""

WELL_KNOWN_AGENTS = (
    "Microsoft.Azure.Monitor/AzureMonitorLinuxAgent",
    "Microsoft.Azure.Monitor/AzureMonitorWindowsAgent",
    "Microsoft.Azure.Monitoring.DependencyAgent/DependencyAgentLinux",
    "Microsoft.Azure.Monitoring.DependencyAgent/DependencyAgentWindows",
    "Microsoft.Azure.ChangeTrackingAndInventory/ChangeTracking-Linux",
    "Microsoft.Azure.ChangeTrackingAndInventory/ChangeTracking-Windows",
    "Microsoft.GuestConfiguration/ConfigurationforLinux",
    "Microsoft.GuestConfiguration/ConfigurationforWindows",
    "Microsoft.Azure.Security.LinuxAttestation/GuestAttestation",
    "Microsoft.Azure.Security.WindowsAttestation/GuestAttestation",
    "Microsoft.Azure.NetworkWatcher/NetworkWatcherAgentLinux",
    "Microsoft.Azure.NetworkWatcher/NetworkWatcherAgentWindows",
)
"""Not Defender for Endpoint (MDE.Linux, MDE.Windows): its sensor stays, onboarded, when the extension is removed."""
