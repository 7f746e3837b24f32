import EventLoop
import Glibc
import Service

// Before any thread exists: signals are blocked everywhere and waited for in one place.
Signals.block([SIGTERM, SIGINT, SIGHUP])
exit(await Command.run(Array(CommandLine.arguments.dropFirst())))
