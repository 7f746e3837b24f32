import Glibc
import Synchronization

/// Structured logging: one line an entry, JSON or text, to one descriptor. Never secrets, never bodies.
///
/// Lines collect in a buffer that the owner flushes (the service: every turn of a loop that logged); warnings
/// and errors leave at once, so that a crash cannot swallow them.
package final class Log: Sendable {
    package enum Level: String, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error

        private var rank: Int {
            switch self {
            case .debug: 0
            case .info: 1
            case .warning: 2
            case .error: 3
            }
        }
        package static func < (a: Level, b: Level) -> Bool { a.rank < b.rank }
    }

    package enum Format: String, Sendable, CaseIterable { case json, text }

    package enum Value: Sendable {
        case text(String)
        case int(Int64)
        case double(Double)
        case bool(Bool)
    }

    package let level: Level
    private let format: Format
    private let clock: Clock
    private let write: @Sendable ([UInt8]) -> Void
    private let buffer = Mutex<[UInt8]>([])
    /// A stalled reader of our output must not grow memory: what exceeds this is written by the logging
    /// thread.
    private let bufferBytes = 64 * 1_024

    package init(
        level: Level, format: Format, clock: Clock, write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.level = level
        self.format = format
        self.clock = clock
        self.write = write
    }

    /// Writes to an open descriptor (2 is standard error).
    package convenience init(level: Level, format: Format, clock: Clock, descriptor: Int32) {
        self.init(level: level, format: format, clock: clock) { bytes in
            bytes.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = Glibc.write(
                        descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                    if count < 0 && errno != EINTR { return }
                    rest = rest.dropFirst(max(count, 0))
                }
            }
        }
    }

    /// Swallows everything; for tests.
    package static let silent = Log(level: .error, format: .json, clock: .system) { _ in }

    package func debug(_ message: String, _ fields: KeyValuePairs<StaticString, Value> = [:]) {
        entry(.debug, message, fields)
    }
    package func info(_ message: String, _ fields: KeyValuePairs<StaticString, Value> = [:]) {
        entry(.info, message, fields)
    }
    package func warning(_ message: String, _ fields: KeyValuePairs<StaticString, Value> = [:]) {
        entry(.warning, message, fields)
    }
    package func error(_ message: String, _ fields: KeyValuePairs<StaticString, Value> = [:]) {
        entry(.error, message, fields)
    }

    private func entry(_ level: Level, _ message: String, _ fields: KeyValuePairs<StaticString, Value>) {
        guard level >= self.level else { return }
        let now = clock.now()
        let full = buffer.withLock { buffer -> Bool in
            switch format {
            case .json: LogLine.json(now, level, message, fields, to: &buffer)
            case .text: LogLine.text(now, level, message, fields, to: &buffer)
            }
            return buffer.count >= bufferBytes
        }
        if level >= .warning || full { flush() }
    }

    /// An entry whose fields are written straight into the buffer: for the access log, a line a request.
    package func info(_ message: StaticString, fields: (inout LogFields) -> Void) {
        guard Level.info >= level else { return }
        let now = clock.now()
        let full = buffer.withLock { buffer -> Bool in
            LogLine.begin(format, now, .info, message, to: &buffer)
            // Swapped in and out: with a second owner the next byte would copy all of it.
            var writer = LogFields(format: format)
            swap(&writer.bytes, &buffer)
            fields(&writer)
            swap(&writer.bytes, &buffer)
            LogLine.end(format, to: &buffer)
            return buffer.count >= bufferBytes
        }
        if full { flush() }
    }

    package func flush() {
        let bytes = buffer.withLock { buffer in
            let bytes = buffer
            buffer.removeAll(keepingCapacity: true)
            return bytes
        }
        if !bytes.isEmpty { write(bytes) }
    }
}

extension Log.Value: ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral
{
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(_ value: some CustomStringConvertible) { self = .text(value.description) }
}

/// The fields of one entry, on their way into the log's buffer.
package struct LogFields {
    fileprivate let format: Log.Format
    fileprivate var bytes: [UInt8] = []

    package mutating func text(_ name: LogName, _ value: String) {
        value.withBytes { value in
            bytes.append(atMost: name.json.count + LogLine.quotedBytes(value.count)) { out in
                out.put(format == .json ? name.json : name.text)
                LogLine.quote(value, to: &out)
            }
        }
    }

    package mutating func int(_ name: LogName, _ value: Int64) {
        bytes.append(atMost: name.json.count + 20) { out in
            out.put(format == .json ? name.json : name.text)
            out.put(decimal: Int(value))
        }
    }
}

/// The name of a field, as it stands in a line of either format.
package struct LogName: Sendable {
    fileprivate let json: [UInt8]
    fileprivate let text: [UInt8]

    package init(_ name: StaticString) {
        json = Array(",\"\(name)\":".utf8)
        text = Array(" \(name)=".utf8)
    }
}

/// How one entry looks.
private enum LogLine {
    static func begin(
        _ format: Log.Format, _ now: Timestamp, _ level: Log.Level, _ message: StaticString,
        to out: inout [UInt8]
    ) {
        out.append(atMost: 96 + message.utf8CodeUnitCount) { out in
            if format == .json { out.put("{\"time\":\"") }
            now.put(to: &out)
            out.put(format == .json ? "\",\"level\":\"" : " ")
            level.rawValue.withBytes { out.put($0) }
            out.put(format == .json ? "\",\"message\":\"" : " ")
            out.put(message)
            if format == .json { out.put(UInt8(ascii: "\"")) }
        }
    }

    static func end(_ format: Log.Format, to out: inout [UInt8]) {
        append(format == .json ? "}\n" : "\n", to: &out)
    }

    static func json(
        _ now: Timestamp, _ level: Log.Level, _ message: String,
        _ fields: KeyValuePairs<StaticString, Log.Value>,
        to out: inout [UInt8]
    ) {
        append("{\"time\":\"", to: &out)
        now.append(to: &out)
        append("\",\"level\":\"", to: &out)
        append(level.rawValue, to: &out)
        append("\",\"message\":", to: &out)
        quote(message, to: &out)
        for (name, value) in fields {
            append(",\"", to: &out)
            name.withUTF8Buffer { out.append(contentsOf: $0) }
            append("\":", to: &out)
            if case .text(let text) = value { quote(text, to: &out) } else { append(plain(value), to: &out) }
        }
        append("}\n", to: &out)
    }

    static func text(
        _ now: Timestamp, _ level: Log.Level, _ message: String,
        _ fields: KeyValuePairs<StaticString, Log.Value>,
        to out: inout [UInt8]
    ) {
        now.append(to: &out)
        append(" \(level.rawValue) \(message)", to: &out)
        for (name, value) in fields {
            append(" \(name)=", to: &out)
            if case .text(let text) = value { quote(text, to: &out) } else { append(plain(value), to: &out) }
        }
        append("\n", to: &out)
    }

    static func append(_ text: String, to out: inout [UInt8]) { out.append(contentsOf: text.utf8) }

    private static func plain(_ value: Log.Value) -> String {
        switch value {
        case .text(let text): text
        case .int(let number): String(number)
        case .double(let number): number.isFinite ? String(number) : "null"
        case .bool(let flag): flag ? "true" : "false"
        }
    }

    static func quote(_ text: String, to out: inout [UInt8]) {
        text.withBytes { bytes in
            out.append(atMost: quotedBytes(bytes.count)) { quote(bytes, to: &$0) }
        }
    }

    /// The most that `count` bytes take when they are quoted: each may become `\u00xx`.
    static func quotedBytes(_ count: Int) -> Int { 6 * count + 2 }

    /// A JSON string; also what keeps a hostile value from forging a line of its own.
    static func quote(_ bytes: UnsafeBufferPointer<UInt8>, to out: inout ByteCursor) {
        out.put(UInt8(ascii: "\""))
        if arePlain(bytes) {
            out.put(bytes)
        } else {
            for byte in bytes { putEscaped(byte, to: &out) }
        }
        out.put(UInt8(ascii: "\""))
    }

    /// Eight bytes at a time: a byte that is not plain sets its highest bit in `stops` (Warren, Hacker's
    /// Delight 6-1).
    private static func arePlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let raw = UnsafeRawBufferPointer(bytes)
        var index = 0
        while index + 8 <= raw.count {
            let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let stops =
                below(0x20, word) | below(1, word ^ 0x7F7F_7F7F_7F7F_7F7F)
                | below(1, word ^ 0x2222_2222_2222_2222) | below(1, word ^ 0x5C5C_5C5C_5C5C_5C5C)
            guard stops == 0 else { return false }
            index += 8
        }
        return bytes[index...].allSatisfy(isPlain)
    }

    /// Not 0 when a byte of `word` is below `bound`, which is at most 128.
    @inline(__always)
    private static func below(_ bound: UInt64, _ word: UInt64) -> UInt64 {
        (word &- bound &* 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
    }

    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") && byte != 0x7F
    }

    private static func putEscaped(_ byte: UInt8, to out: inout ByteCursor) {
        if isPlain(byte) { return out.put(byte) }
        out.put(UInt8(ascii: "\\"))
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return out.put(byte) }
        out.put("u00")
        out.put(digits[Int(byte >> 4)])
        out.put(digits[Int(byte & 15)])
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
