/// The head of an answer: its status and the fields that belong to the content. What belongs to the
/// connection (Date, Content-Length, Transfer-Encoding, Connection) is written by `append(to:…)` and cannot
/// be set here.
package struct ResponseHead: Sendable {
    package struct Field: Equatable, Sendable {
        package let name: HeaderName
        package let value: String
    }

    package var status: HTTPStatus
    package private(set) var fields: [Field] = []

    package init(_ status: HTTPStatus) {
        self.status = status
        // What nearly every answer carries; growing one by one would allocate four times.
        fields.reserveCapacity(8)
    }

    /// Adds a field, also when that name is there already. Fields of the connection are left out: an answer
    /// that we pass on must not frame ours.
    package mutating func add(_ name: HeaderName, _ value: String) {
        guard !Self.isOfConnection(name) else { return }
        fields.append(Field(name: name, value: value))
    }

    /// Replaces all fields of that name.
    package mutating func set(_ name: HeaderName, _ value: String) {
        fields.removeAll { $0.name == name }
        add(name, value)
    }

    package subscript(_ name: HeaderName) -> String? {
        fields.first { $0.name == name }?.value
    }

    /// The length picks the candidates, so that most names cost no comparison.
    private static func isOfConnection(_ name: HeaderName) -> Bool {
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
        buffer.appendStatusLine(status)
        buffer.appendASCII("date: ")
        buffer.append(contentsOf: date)
        buffer.appendASCII("\r\n")
        for field in fields { buffer.appendField(field.name, field.value) }
        switch framing {
        case .none, .untilClose: break
        case .length(let length):
            buffer.appendASCII("content-length: ")
            buffer.appendDecimal(length)
            buffer.appendASCII("\r\n")
        case .chunked: buffer.appendASCII("transfer-encoding: chunked\r\n")
        }
        switch framing == .untilClose ? .close : connection {
        case .none: break
        case .close: buffer.appendASCII("connection: close\r\n")
        case .keepAlive: buffer.appendASCII("connection: keep-alive\r\n")
        }
        buffer.appendASCII("\r\n")
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
