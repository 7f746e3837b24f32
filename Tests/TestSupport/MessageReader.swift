/// Cuts HTTP/1.1 messages out of a stream that is known to be well-formed: a test's own, or that of a server
/// whose framing has tests of its own.
struct MessageReader {
    private(set) var buffer: [UInt8]

    init(buffer: [UInt8] = []) { self.buffer = buffer }

    /// - Parameter more: the next bytes; empty at the end of the stream.
    mutating func read(_ more: () throws -> [UInt8]) throws -> LoopbackMessage? {
        guard let head = try line(until: [13, 10, 13, 10], more) else {
            if buffer.isEmpty { return nil }
            throw LoopbackError.cut
        }
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n").map(String.init)
        let fields = lines.dropFirst().map { line in
            let name = line.prefix { $0 != ":" }
            let value = line.dropFirst(name.count + 1).drop { $0 == " " }
            return (name: name.lowercased(), value: String(value))
        }
        func header(_ name: String) -> String? { fields.first { $0.name == name }?.value }
        let body: [UInt8]
        if header("transfer-encoding") == "chunked" {
            body = try chunks(more)
        } else if let length = header("content-length").flatMap({ Int($0) }) {
            body = try take(length, more)
        } else {
            body =
                header("connection") == "close" && lines.first?.hasPrefix("HTTP/") == true
                ? try all(more) : []
        }
        return LoopbackMessage(startLine: lines.first ?? "", fields: fields, body: body)
    }

    private mutating func chunks(_ more: () throws -> [UInt8]) throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let text = try line(until: [13, 10], more).map { String(decoding: $0, as: UTF8.self) }
            guard let text, let size = Int(text, radix: 16) else { throw LoopbackError.cut }
            body += try take(size, more)
            _ = try take(2, more)
            if size == 0 { return body }
        }
    }

    private mutating func take(_ count: Int, _ more: () throws -> [UInt8]) throws -> [UInt8] {
        while buffer.count < count {
            let bytes = try more()
            if bytes.isEmpty { throw LoopbackError.cut }
            buffer += bytes
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
    }

    private mutating func all(_ more: () throws -> [UInt8]) throws -> [UInt8] {
        while true {
            let bytes = try more()
            if bytes.isEmpty { break }
            buffer += bytes
        }
        defer { buffer = [] }
        return buffer
    }

    /// Up to the mark, which is consumed; nil when the stream ends before it.
    private mutating func line(until mark: [UInt8], _ more: () throws -> [UInt8]) throws -> [UInt8]? {
        var searched = 0
        while true {
            while searched + mark.count <= buffer.count {
                if buffer[searched..<(searched + mark.count)].elementsEqual(mark) {
                    defer { buffer.removeFirst(searched + mark.count) }
                    return Array(buffer.prefix(searched))
                }
                searched += 1
            }
            let bytes = try more()
            if bytes.isEmpty { return nil }
            buffer += bytes
        }
    }
}
