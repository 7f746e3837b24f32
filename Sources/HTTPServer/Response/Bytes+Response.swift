import Kernel

extension [UInt8] {
    package mutating func appendASCII(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// "HTTP/1.1 200 OK" and the line's end.
    package mutating func appendStatusLine(_ status: HTTPStatus) { append(atMost: 64) { $0.put(status) } }

    /// The size line of a chunk (RFC 9112 7.1). The chunk's bytes and CR LF follow it.
    package mutating func appendChunkSize(_ size: Int) {
        precondition(size > 0, "a chunk of size 0 ends the body")
        append(contentsOf: String(size, radix: 16).utf8)
        appendASCII("\r\n")
    }

    /// The end of a chunked body: the last chunk and no trailers.
    package mutating func appendLastChunk() { appendASCII("0\r\n\r\n") }
}

extension ByteCursor {
    /// The status line; the longest has 46 bytes.
    mutating func put(_ status: HTTPStatus) {
        if let line = status.statusLine { return put(line) }
        put("HTTP/1.1 ")
        put(decimal: status.code)
        put(" Unknown\r\n")
    }

    /// One header line. Control bytes in the value become spaces, so that no value can end its line: a name
    /// comes from our source or was validated, a value may come from anywhere.
    mutating func put(_ name: HeaderName, _ value: String) {
        name.text.withBytes { put($0) }
        put(": ")
        value.withBytes { bytes in
            if bytes.span.endOfFieldValue(from: 0) == bytes.count { return put(bytes) }
            for byte in bytes { put(ByteClass.isFieldValue(byte) ? byte : ByteClass.space) }
        }
        put("\r\n")
    }
}
