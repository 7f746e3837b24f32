import Crypto
import EventLoop
import Glibc

/// Lines typed at a terminal that does not show them. It shows them again when this ends, also after Ctrl-C.
struct HiddenEntry: ~Copyable {
    private let descriptor: Int32
    private let shown: termios
    private let ticket: Interruption.Ticket

    /// Nil when the descriptor is no terminal.
    static func begin(on descriptor: Int32) throws(SystemError) -> HiddenEntry? {
        guard isatty(descriptor) == 1 else { return nil }
        var shown = termios()
        try SystemError.check("tcgetattr") { tcgetattr(descriptor, &shown) }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        let before = shown
        let ticket = Interruption.undo { Self.show(again: before, on: descriptor) }
        // What was typed ahead was shown: it does not count.
        do throws(SystemError) {
            try SystemError.check("tcsetattr") { tcsetattr(descriptor, TCSAFLUSH, &hidden) }
        } catch {
            Interruption.withdraw(ticket)
            throw error
        }
        return HiddenEntry(descriptor: descriptor, shown: shown, ticket: ticket)
    }

    private init(descriptor: Int32, shown: termios, ticket: Interruption.Ticket) {
        (self.descriptor, self.shown, self.ticket) = (descriptor, shown, ticket)
    }

    deinit {
        Self.show(again: shown, on: descriptor)
        Interruption.withdraw(ticket)
    }

    private static func show(again shown: termios, on descriptor: Int32) {
        var shown = shown
        tcsetattr(descriptor, TCSAFLUSH, &shown)
    }

    /// Asks on standard error, and has `body` read the line, which is wiped afterwards.
    /// - Returns: nil when the entry was ended (Ctrl-D).
    func line<Result>(_ question: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result?
    {
        _ = Glibc.write(2, question, question.utf8.count)
        var buffer = [UInt8](repeating: 0, count: Self.maximumLineBytes)
        defer { buffer.wipe() }
        return try buffer.withUnsafeMutableBytes { buffer in
            // The line feed that was typed is not shown either.
            defer { Command.complain("") }
            let count = try Input(descriptor).read(into: buffer)
            return count == 0 ? nil : try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// More than a terminal takes in one line (N_TTY_BUF_SIZE), so that one read is one line.
    private static let maximumLineBytes = 4_096
}
