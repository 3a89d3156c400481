// Ends this Node process when its standard input closes: the pipe closes however the parent dies, SIGKILL included.
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM"));
process.stdin.on("error", () => process.exit(1));
process.stdin.resume();
