import CLinux
import Glibc

/// A terminal of a test's own: a program opens `path`, and this end types and sees.
package final class PseudoTerminal: Sendable {
    package let path: String
    private let descriptor: Int32

    package init() throws {
        descriptor = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0, grantpt(descriptor) == 0, unlockpt(descriptor) == 0,
            let name = ptsname(descriptor)
        else { throw Impatience("no pseudo-terminal: errno \(errno)") }
        path = String(cString: name)
    }

    deinit { close(descriptor) }

    package func type(_ text: String) throws {
        guard write(descriptor, text, text.utf8.count) == text.utf8.count else {
            throw Impatience("the terminal takes nothing more")
        }
    }

    /// What has been shown since the last look: what the program wrote, and what was typed while that shows.
    package func seen() -> String {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 { return text }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    /// Whether typed text is shown.
    package var echoes: Bool {
        var state = termios()
        return tcgetattr(descriptor, &state) == 0 && state.c_lflag & tcflag_t(ECHO) != 0
    }
}
