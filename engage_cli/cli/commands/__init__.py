"""The commands, a module a group. Each imports the service and the rendering that it needs inside its function, to start fast."""
