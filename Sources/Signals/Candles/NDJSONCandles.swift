import JSON

/// Rows of NDJSON: one object a line, its members named like the columns of CSV; numbers may be quoted,
/// `null` says nothing, unknown members are passed over.
struct NDJSONCandles: Sendable {
    private let defaults: CandleDefaults
    private var names = NameCache()

    init(defaults: CandleDefaults) { self.defaults = defaults }

    mutating func row(_ line: UnsafeBufferPointer<UInt8>) throws(RowRefusal) -> CandleRow {
        var draft = CandleDraft(defaults)
        for member in try Self.object(line).members {
            guard let field = CandleField(name: member.name), let text = try Self.text(member.value, field)
            else {
                continue
            }
            let bytes = Array(text.utf8)
            try bytes.withUnsafeBufferPointer { bytes throws(RowRefusal) in
                try draft.set(field, bytes, names: &names)
            }
        }
        return try draft.row()
    }

    private static func object(_ line: UnsafeBufferPointer<UInt8>) throws(RowRefusal) -> JSONObject {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(Array(line))
        } catch {
            throw .malformedObject("\(error)")
        }
        guard let object = value.asObject else { throw .malformedObject("the line is not an object") }
        return object
    }

    private static func text(_ value: JSONValue, _ field: CandleField) throws(RowRefusal) -> String? {
        switch value {
        case .null: nil
        case .bool(let flag): flag ? "true" : "false"
        case .number(let number): number.text
        case .string(let text): text
        case .array, .object: throw .notText(field)
        }
    }
}
