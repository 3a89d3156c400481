// Azurite loads its telemetry library, three quarters of its start, even when it is told to send nothing.
const Module = require("node:module");
const load = Module._load;
Module._load = (name, ...rest) => (name === "applicationinsights" ? {} : load.call(Module, name, ...rest));
