import Kernel

/// The head of an answer: its status and the fields that belong to the content. What belongs to the
/// connection (Date, Content-Length, Transfer-Encoding, Connection) is written by `append(to:…)` and cannot
/// be set here.
package struct ResponseHead: Sendable {
    package struct Field: Equatable, Sendable {
        package let name: HeaderName
        package let value: String
    }

    package var status: HTTPStatus
    /// The fields as they leave, line by line. Two strings a field instead cost 4,000 instructions an answer:
    /// a prepared answer retained them all to add one of its own.
    private var lines: [UInt8] = []
    /// What every answer gets that does not say otherwise is asked of each: no search through the lines.
    package private(set) var saysCaching = false
    package private(set) var saysContentPolicy = false

    package init(_ status: HTTPStatus) {
        self.status = status
        // What nearly every answer carries; growing line by line would allocate four times.
        lines.reserveCapacity(320)
    }

    package var fields: [Field] {
        FieldLines(bytes: lines).map { line in
            Field(name: HeaderName(valid: text(line.name)), value: text(line.value))
        }
    }

    /// Adds a field, also when that name is there already. Fields of the connection are left out: an answer
    /// that we pass on must not frame ours.
    package mutating func add(_ name: HeaderName, _ value: String) {
        guard !Self.isOfConnection(name) else { return }
        switch name.text.utf8.count {
        case 13: saysCaching = saysCaching || name == .cacheControl
        case 23: saysContentPolicy = saysContentPolicy || name == .contentSecurityPolicy
        default: break
        }
        lines.append(atMost: name.text.utf8.count + value.utf8.count + 4) { $0.put(name, value) }
    }

    package mutating func add(_ field: PreparedField) { lines.append(contentsOf: field.line) }

    /// Adds a field with a number in its value.
    package mutating func add(
        _ name: HeaderName, _ before: StaticString, _ number: Int, _ behind: StaticString
    ) {
        guard !Self.isOfConnection(name) else { return }
        let room = name.text.utf8.count + before.utf8CodeUnitCount + behind.utf8CodeUnitCount + 24
        lines.append(atMost: room) { out in
            name.text.withBytes { out.put($0) }
            out.put(": ")
            out.put(before)
            out.put(decimal: number)
            out.put(behind)
            out.put("\r\n")
        }
    }

    /// Replaces all fields of that name.
    package mutating func set(_ name: HeaderName, _ value: String) {
        let others = fields.filter { $0.name != name }
        lines.removeAll(keepingCapacity: true)
        for field in others { add(field.name, field.value) }
        add(name, value)
    }

    package subscript(_ name: HeaderName) -> String? {
        let line = FieldLines(bytes: lines).first { line in lines[line.name].elementsEqual(name.text.utf8) }
        return line.map { text($0.value) }
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: lines[range], as: UTF8.self) }

    /// The length picks the candidates, so that most names cost no comparison.
    fileprivate static func isOfConnection(_ name: HeaderName) -> Bool {
        switch name.text.utf8.count {
        case 4: name.text == "date"
        case 7: name.text == "upgrade" || name.text == "trailer"
        case 10: name.text == "connection" || name.text == "keep-alive"
        case 14: name.text == "content-length"
        case 17: name.text == "transfer-encoding"
        default: false
        }
    }
}

/// Fields that many answers carry: their lines, written once.
package struct PreparedField: Sendable {
    fileprivate let line: [UInt8]

    package init(joining fields: [PreparedField]) { line = fields.flatMap(\.line) }

    package init(_ name: HeaderName, _ value: String) {
        var line: [UInt8] = []
        line.append(atMost: name.text.utf8.count + value.utf8.count + 4) { $0.put(name, value) }
        self.line = ResponseHead.isOfConnection(name) ? [] : line
    }
}

/// Where the body of an answer ends.
package enum ResponseFraming: Equatable, Sendable {
    /// No body, and none is told: 1xx, 204, 304.
    case none
    /// That many bytes follow; for HEAD the number that would follow.
    case length(Int)
    case chunked
    /// Everything until the connection closes: for an HTTP/1.0 client and a body of unknown length.
    case untilClose
}

extension ResponseHead {
    /// Writes the head with its empty line. `date` is an IMF-fixdate (`HTTPDate`), cached per second by the
    /// caller.
    package func append(
        to buffer: inout [UInt8], date: [UInt8], framing: ResponseFraming, connection: ConnectionOption
    ) {
        buffer.append(atMost: Self.frameBytes + date.count + lines.count) { out in
            out.put(status)
            out.put("date: ")
            out.put(date)
            out.put("\r\n")
            out.put(lines)
            out.put(framing)
            out.put(framing == .untilClose ? .close : connection)
            out.put("\r\n")
        }
    }

    /// The most that a status line, the names and line ends of our own fields, and a length take.
    private static let frameBytes = 64 + 8 + 28 + 40 + 2
}

extension ByteCursor {
    fileprivate mutating func put(_ framing: ResponseFraming) {
        switch framing {
        case .none, .untilClose: break
        case .length(let length):
            put("content-length: ")
            put(decimal: length)
            put("\r\n")
        case .chunked: put("transfer-encoding: chunked\r\n")
        }
    }

    fileprivate mutating func put(_ connection: ConnectionOption) {
        switch connection {
        case .none: break
        case .close: put("connection: close\r\n")
        case .keepAlive: put("connection: keep-alive\r\n")
        }
    }
}

/// Where the name and the value of each line stand. No name holds a colon, no value a line's end.
private struct FieldLines: Sequence, IteratorProtocol {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> (name: Range<Int>, value: Range<Int>)? {
        guard let colon = bytes[position...].firstIndex(of: ByteClass.colon),
            let end = bytes[colon...].firstIndex(of: ByteClass.carriageReturn)
        else { return nil }
        defer { position = end + 2 }
        return (position..<colon, colon + 2..<end)
    }
}

/// What an answer says about its connection (RFC 9112 9.3).
package enum ConnectionOption: Equatable, Sendable {
    /// Nothing: HTTP/1.1 goes on by itself.
    case none
    case close
    /// For HTTP/1.0 clients that asked for it.
    case keepAlive

    /// What to say to the sender of `request`, where `keepsAlive` is our own decision.
    package init(for request: RequestHead, keepsAlive: Bool) {
        self = !keepsAlive ? .close : request.minorVersion == 0 ? .keepAlive : .none
    }
}
