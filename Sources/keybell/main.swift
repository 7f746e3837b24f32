import EventLoop
import Glibc
import Service

// Before any other thread exists: signals are blocked everywhere, and waited for in one place. An async main
// would have threads already.
Signals.block([SIGTERM, SIGINT, SIGHUP])
let arguments = Array(CommandLine.arguments.dropFirst())
Task.detached {
    let code = await Command.run(arguments)
    // Not `exit`, which takes down what threads of libraries may still be using.
    fflush(nil)
    _exit(code)
}
while true { pause() }
