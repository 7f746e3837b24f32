extension [UInt8] {
    package mutating func appendASCII(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// "HTTP/1.1 200 OK" and the line's end.
    package mutating func appendStatusLine(_ status: HTTPStatus) {
        let start = count
        appendASCII(status.statusLine)
        let digits = start + 9
        guard self[digits] == 0x30 else { return }
        self[digits] = 0x30 + UInt8(status.code / 100)
        self[digits + 1] = 0x30 + UInt8(status.code / 10 % 10)
        self[digits + 2] = 0x30 + UInt8(status.code % 10)
    }

    /// One header line. Control bytes in the value become spaces, so that no value can end its line: a name
    /// comes from our source or was validated, a value may come from anywhere.
    package mutating func appendField(_ name: HeaderName, _ value: String) {
        append(contentsOf: name.text.utf8)
        appendASCII(": ")
        if value.utf8.allSatisfy(ByteClass.isFieldValue) {
            append(contentsOf: value.utf8)
        } else {
            append(contentsOf: value.utf8.map { ByteClass.isFieldValue($0) ? $0 : ByteClass.space })
        }
        appendASCII("\r\n")
    }

    /// A number in decimal digits.
    package mutating func appendDecimal(_ number: Int) {
        if number < 0 { append(0x2D) }
        var rest = number.magnitude
        let start = count
        repeat {
            append(0x30 + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }

    /// The size line of a chunk (RFC 9112 7.1). The chunk's bytes and CR LF follow it.
    package mutating func appendChunkSize(_ size: Int) {
        precondition(size > 0, "a chunk of size 0 ends the body")
        append(contentsOf: String(size, radix: 16).utf8)
        appendASCII("\r\n")
    }

    /// The end of a chunked body: the last chunk and no trailers.
    package mutating func appendLastChunk() { appendASCII("0\r\n\r\n") }
}
