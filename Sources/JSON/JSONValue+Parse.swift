extension JSONValue {
    /// Reads one JSON text, strictly: the grammar of RFC 8259, valid UTF-8, every name once, nothing behind
    /// the value.
    package static func parse(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) -> JSONValue
    {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) in
            try parse(UnsafeRawBufferPointer(buffer), limits: limits)
        }
    }

    /// As above, for a part of a buffer, such as a line of NDJSON.
    package static func parse(
        _ bytes: ArraySlice<UInt8>, limits: JSONLimits = .standard
    ) throws(JSONError) -> JSONValue {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) in
            try parse(UnsafeRawBufferPointer(buffer), limits: limits)
        }
    }

    /// As above, for text at hand.
    package static func parse(_ text: String, limits: JSONLimits = .standard) throws(JSONError) -> JSONValue {
        try parse(Array(text.utf8), limits: limits)
    }

    /// As above, for bytes that live elsewhere; nothing of the result points into them.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer, limits: JSONLimits = .standard
    ) throws(JSONError) -> JSONValue {
        var reader = JSONReader(source: JSONSource(bytes), limits: limits)
        do throws(JSONMistake) {
            return try reader.document()
        } catch {
            throw JSONError(error, in: bytes)
        }
    }
}

extension JSONError {
    fileprivate init(_ mistake: JSONMistake, in bytes: UnsafeRawBufferPointer) {
        let before = bytes.prefix(mistake.offset)
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        self.init(
            kind: mistake.kind, offset: mistake.offset,
            line: 1 + before.count { $0 == UInt8(ascii: "\n") },
            column: 1 + mistake.offset - lineStart)
    }
}
