import Kernel
import Synchronization
import Testing

@Suite struct LogTests {
    private static let name = LogName("path")
    private static let number = LogName("status")

    /// What a log of that format writes.
    private static func written(_ format: Log.Format, _ entry: (Log) -> Void) -> String {
        let written = Written()
        var clock = Clock.system
        clock.now = { Timestamp(milliseconds: 1_767_600_000_042) }
        let log = Log(level: .info, format: format, clock: clock) { bytes in
            written.text.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
        }
        entry(log)
        log.flush()
        return written.text.withLock { $0 }
    }

    private final class Written: Sendable { let text = Mutex("") }

    @Test func `fields written straight look like any other's`() {
        for format in Log.Format.allCases {
            let straight = Self.written(format) { log in
                log.info("request") { line in
                    line.text(Self.name, "/v1/keys \"x\\y\" é\n")
                    line.int(Self.number, 200)
                }
            }
            let gathered = Self.written(format) { log in
                log.info("request", ["path": "/v1/keys \"x\\y\" é\n", "status": 200])
            }
            #expect(straight == gathered)
        }
    }

    @Test func `a hostile value stays in its line`() {
        let text = Self.written(.json) { log in
            log.info("request") { $0.text(Self.name, "a\n{\"level\":\"error\"}\u{7F}\u{0}") }
        }
        #expect(
            text == #"{"time":"2026-01-05T08:00:00.042Z","level":"info","message":"request","#
                + #""path":"a\u000a{\"level\":\"error\"}\u007f\u0000"}"# + "\n")
    }

    @Test func `each byte that needs it is escaped, wherever it stands`() {
        for byte in UInt8(0)...127 {
            for place in 0..<17 {
                var value = Array(repeating: UInt8(ascii: "a"), count: 17)
                value[place] = byte
                let text = Self.written(.json) { log in
                    log.info("request") { $0.text(Self.name, String(decoding: value, as: UTF8.self)) }
                }
                let isPlain = text.utf8.contains(Array(":\"".utf8) + value + Array("\"}".utf8))
                #expect(isPlain == (byte >= 0x20 && byte != 0x22 && byte != 0x5C && byte != 0x7F))
            }
        }
    }
}
